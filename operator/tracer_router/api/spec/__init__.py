"""The spec of a TracerRouter, one module for each section."""
