"""A single-node Kubernetes cluster on one machine, built only from package registries.

This package uses only the standard library, so that the system Python can run it before
anything else is installed. It must not import the operator or the data plane.
"""
