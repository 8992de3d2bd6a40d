"""The demonstration: a certified surrogate answers real traffic, on a cluster.

``make demo`` runs it. The end-to-end tests use its modules.
"""
