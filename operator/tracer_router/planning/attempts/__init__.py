"""When to train, and what becomes of an attempt."""
