"""A real Kubernetes on one machine, built from package registries alone.

The standard library is all this package needs, so that the system's own Python runs it
before anything else is installed. It must not import the operator or the data plane.
"""
