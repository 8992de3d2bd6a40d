"""Limits of one pod: concurrent requests and bytes of one request body."""

from typing import Final

from tracer_core.contracts.runtime_config import LimitsConfig

__all__ = ["DEFAULT_REQUEST_BYTES", "ConcurrencyLimiter"]

DEFAULT_REQUEST_BYTES: Final = LimitsConfig().request_bytes
"""Largest request body that the pod reads into memory if nothing is configured."""


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
