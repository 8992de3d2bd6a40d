"""Compute engines for the work of an attempt: this process or Dask workers."""
