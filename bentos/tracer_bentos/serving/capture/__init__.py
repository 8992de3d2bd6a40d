"""Capture of traces: from a request to the store, outside of the request path."""
