"""The control plane of TracerRouter."""

__version__ = "0.1.0"
