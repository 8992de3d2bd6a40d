"""Which Kubernetes objects must exist."""
