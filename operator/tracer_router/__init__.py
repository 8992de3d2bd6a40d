"""The control plane of TracerRouter."""
