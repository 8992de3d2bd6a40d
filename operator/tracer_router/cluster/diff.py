"""Whether a live object already says everything that an intent says."""

from typing import Any

from tracer_router.resources.manifest import Manifest

__all__ = ["amount", "contains", "controlled_by"]


def contains(live: Any, intent: Any) -> bool:
    """Tell whether nothing of the intent is missing or different in the live object.

    The API server adds defaults; they are not differences. Lists are compared item by
    item and must be of one length. Quantities may be rewritten by the server
    (1000m to 1), so amounts are compared by value.
    """
    if isinstance(intent, dict):
        return isinstance(live, dict) and all(
            key in live and contains(live[key], value) for key, value in intent.items()
        )
    if isinstance(intent, list):
        return (
            isinstance(live, list)
            and len(live) == len(intent)
            and all(map(contains, live, intent))
        )
    return bool(live == intent or _same_amount(live, intent))


def controlled_by(manifest: Manifest, uid: str | None) -> bool:
    """Tell whether the controller of an object is the one with this UID."""
    owners = manifest["metadata"].get("ownerReferences", [])
    return any(owner.get("controller") and owner["uid"] == uid for owner in owners)


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


def amount(value: Any) -> float | None:
    """Give the value of a quantity such as 250m or 1Gi; None when it is none."""
    if not isinstance(value, str):
        return None
    number = value.rstrip("mkMGTi")
    try:
        return float(number) * _SUFFIXES[value[len(number) :]]
    except (ValueError, KeyError):
        return None


def _same_amount(live: Any, intent: Any) -> bool:
    one, other = amount(live), amount(intent)
    return one is not None and one == other
