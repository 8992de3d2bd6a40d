"""How much one pod takes on: requests at once, and bytes of one request."""

from dataclasses import dataclass
from typing import Final

__all__ = ["AT_ONCE", "REQUEST_BYTES", "Limits", "Places"]

REQUEST_BYTES: Final = 16 * 1024 * 1024
AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """What was asked about limits."""

    request_bytes: int = REQUEST_BYTES
    """Largest request body that is read into memory."""
    at_once: int = AT_ONCE
    """Requests that are under way at the same time."""


class Places:
    """The places of requests under way."""

    def __init__(self, places: int) -> None:
        self._places = places
        self.taken = 0
        """Requests under way."""

    def take(self) -> bool:
        """Take a place; false when all are taken."""
        if self.taken >= self._places:
            return False
        self.taken += 1
        return True

    def leave(self) -> None:
        """Give a place back."""
        self.taken -= 1
