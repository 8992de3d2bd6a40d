"""Audits: calls to the teacher that check the answers of the surrogate."""
