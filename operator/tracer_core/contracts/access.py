"""The access modes of a router, as the API and the pods name them."""

from enum import StrEnum

__all__ = ["AccessMode"]


class AccessMode(StrEnum):
    """How a pod authenticates callers."""

    PASS_THROUGH = "PassThrough"  # noqa: S105 - a mode, not a password
    """Every client can call; the pod forwards its key, and the teacher decides."""
    CLIENT_KEYS = "ClientKeys"
    """Callers need a key from the named Secret."""
    GATEWAY_HEADER = "GatewayHeader"
    """A gateway authenticates callers and names them in a header that it sets."""
    OPEN = "Open"
    """Every client that can connect to the pod can call."""
