"""Where the work of an attempt runs: this process or Dask workers."""
