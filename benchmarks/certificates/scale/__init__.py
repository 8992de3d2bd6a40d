"""Time and memory of an attempt by the number of traces."""
