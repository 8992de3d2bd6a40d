"""All fits and choices on the TRAIN rows."""
