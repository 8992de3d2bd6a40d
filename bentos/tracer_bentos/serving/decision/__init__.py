"""Whether the surrogate may answer a request, and its answer."""
