"""Building blocks of both kinds: base model, kind, and metadata."""
