"""How much one pod takes on: requests at once, and bytes of one request."""

from dataclasses import dataclass
from typing import Final

__all__ = [
    "DEFAULT_CONCURRENT_REQUESTS",
    "DEFAULT_REQUEST_BYTES",
    "ConcurrencyLimiter",
    "RequestLimits",
]

DEFAULT_REQUEST_BYTES: Final = 16 * 1024 * 1024
DEFAULT_CONCURRENT_REQUESTS: Final = 1000


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What was asked about limits."""

    request_bytes: int = DEFAULT_REQUEST_BYTES
    """Largest request body that is read into memory."""
    at_once: int = DEFAULT_CONCURRENT_REQUESTS
    """Requests that are under way at the same time."""


class ConcurrencyLimiter:
    """The places of requests under way."""

    def __init__(self, places: int) -> None:
        self._places = places
        self.in_use = 0
        """Requests under way."""

    def acquire(self) -> bool:
        """Take a place; false when all are taken."""
        if self.in_use >= self._places:
            return False
        self.in_use += 1
        return True

    def release(self) -> None:
        """Give a place back."""
        self.in_use -= 1
