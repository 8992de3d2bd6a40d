"""Kubernetes quantities, such as 250m or 1Gi."""

from typing import Any

__all__ = ["parse_quantity"]

_SUFFIXES = {
    "m": 1e-3,
    "": 1.0,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
}


def parse_quantity(value: Any) -> float | None:
    """Return the value of a quantity; None if it is not a quantity."""
    if not isinstance(value, str):
        return None
    number = value.rstrip("mkMGTi")
    try:
        return float(number) * _SUFFIXES[value[len(number) :]]
    except (ValueError, KeyError):
        return None
