"""What both kinds are built of: the base model, the kind, the metadata."""
