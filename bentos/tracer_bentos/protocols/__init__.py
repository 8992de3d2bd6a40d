"""Adapters for the APIs of teachers; all other requests are forwarded unchanged."""
