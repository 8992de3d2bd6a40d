"""What the control plane and the data plane share: documents and statistics."""

__version__ = "0.1.0"
