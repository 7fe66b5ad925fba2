"""Options: where an option's weights come from."""
