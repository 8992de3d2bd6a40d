"""The certificate: the exact test, its statement, and its provenance."""
