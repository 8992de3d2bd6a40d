"""The status of a TracerRouter and its conditions."""
