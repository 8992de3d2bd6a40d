"""Pure builders of the manifests of a router's children.

A builder returns a plain dictionary for server-side apply. This package must not import
a client.
"""
