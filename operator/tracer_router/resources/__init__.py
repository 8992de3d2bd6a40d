"""Pure builders: typed input to the manifests of a router's children.

Every builder gives a plain dictionary ready for server-side apply. Imports no client.
"""
