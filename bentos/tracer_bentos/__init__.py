"""The data plane of TracerRouter: training, packaging and serving."""
