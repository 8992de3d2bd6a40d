"""The spec of a TracerRouter, with one module for each section."""
