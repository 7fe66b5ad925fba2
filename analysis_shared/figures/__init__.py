"""What figures share: style, rasters, boxes, panels."""
