"""Statistics: intervals, paired changes, recorded percentiles, similarity, fits."""
