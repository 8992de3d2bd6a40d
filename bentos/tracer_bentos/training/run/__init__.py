"""Entry points: one attempt, from rows to result."""
