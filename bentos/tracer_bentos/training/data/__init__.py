"""Traces in, rows out: reading, redaction, selection, splits."""
