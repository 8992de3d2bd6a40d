"""Keys and documents of the trace store."""
