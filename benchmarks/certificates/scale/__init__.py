"""How time and memory of an attempt grow with the number of traces."""
