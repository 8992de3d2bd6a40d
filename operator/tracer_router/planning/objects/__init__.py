"""Which Kubernetes objects a router requires."""
