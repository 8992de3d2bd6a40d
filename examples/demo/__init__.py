"""The demonstration: a certified surrogate takes over real traffic, on a cluster.

``make demo`` runs it. The end-to-end tests use its pieces.
"""
