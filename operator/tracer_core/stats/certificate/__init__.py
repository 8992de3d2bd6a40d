"""Fixed-sample statistics of certificates."""
