"""Traces on their way from a request to the store, never in a request's way."""
