"""From traces to rows: reading, redaction, selection, and splits."""
