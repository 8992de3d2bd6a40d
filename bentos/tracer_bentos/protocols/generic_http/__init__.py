"""Plain HTTP: JSON in, JSON out."""
