"""When a training attempt begins, and the result of one that ended."""
