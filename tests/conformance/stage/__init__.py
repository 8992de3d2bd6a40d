"""The stage of the conformance suite: a stub teacher and the routers in front of it.

It runs in the environment of the project; the clients have another environment.
"""
