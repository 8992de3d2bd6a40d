"""Generic HTTP: JSON requests and JSON responses."""
