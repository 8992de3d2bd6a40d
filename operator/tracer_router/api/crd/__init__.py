"""Generation of the CRDs and of the API reference from the models."""
