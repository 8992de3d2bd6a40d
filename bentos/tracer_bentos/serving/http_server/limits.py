"""Limits of one pod: concurrent requests and bytes of one request body."""

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
    """The configured limits."""

    request_bytes: int = DEFAULT_REQUEST_BYTES
    """Largest request body that the pod reads into memory, in bytes."""
    concurrent_requests: int = DEFAULT_CONCURRENT_REQUESTS
    """Maximum number of requests in progress."""


class ConcurrencyLimiter:
    """Counts requests in progress up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.in_use = 0
        """Requests in progress."""

    def acquire(self) -> bool:
        """Acquire one slot; return False if all slots are in use."""
        if self.in_use >= self._limit:
            return False
        self.in_use += 1
        return True

    def release(self) -> None:
        """Release one slot."""
        self.in_use -= 1
