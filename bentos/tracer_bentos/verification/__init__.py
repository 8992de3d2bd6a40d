"""Verification of a certificate: recomputation from its bundle and its traces.

The code that wrote the certificate recomputes its statements. Nothing is fitted again.
"""
