"""Whether a live object already contains everything that an intent states."""

from typing import Any

from tracer_router.cluster.quantity import parse_quantity
from tracer_router.resources.manifest import Manifest

__all__ = ["contains", "controlled_by"]


def contains(live: Any, intent: Any) -> bool:
    """Return whether nothing in the intent is missing or different in the live object.

    The API server adds defaults; they are not differences. Lists are compared item by
    item and must have the same length. The server may rewrite quantities (1000m to 1),
    so they are compared by value.
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
    return bool(live == intent or _is_same_quantity(live, intent))


def controlled_by(manifest: Manifest, uid: str | None) -> bool:
    """Return whether the object with this UID is the controller of an object."""
    owners = manifest["metadata"].get("ownerReferences", [])
    return any(owner.get("controller") and owner["uid"] == uid for owner in owners)


def _is_same_quantity(live: Any, intent: Any) -> bool:
    live_value, intended = parse_quantity(live), parse_quantity(intent)
    return live_value is not None and live_value == intended
