"""Everything that is learned or chosen on the TRAIN rows."""
