"""The stage of the conformance suite: a stub teacher and two routers before it.

It runs in the project's own environment; the clients have one of their own.
"""
