"""Limit on the number of audits of a pod: a token bucket that refills with time.

While the bucket is empty, the audit probability is 0 for every request. Membership in
the uniform sample therefore depends only on the past and never on the request.
"""

import time
from collections.abc import Callable
from typing import Final

__all__ = ["AuditRateLimit"]

HOUR_SECONDS: Final = 3600.0
_BURST_HOURS: Final = 1 / 6
"""The bucket holds the audits of ten minutes."""


class AuditRateLimit:
    """A token bucket for audits.

    Args:
        per_hour: Maximum number of audits in one hour; None for no limit.
        clock: Returns the current time in seconds.
    """

    def __init__(
        self, per_hour: int | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_hour = per_hour
        self._capacity = max(1.0, per_hour * _BURST_HOURS) if per_hour else 0.0
        self._tokens = self._capacity
        self._clock = clock
        self._last_refill = clock()

    @property
    def available(self) -> bool:
        """Whether the bucket has a token for one more audit."""
        if self._per_hour is None:
            return True
        now = self._clock()
        refill = (now - self._last_refill) / HOUR_SECONDS * self._per_hour
        self._tokens = min(self._capacity, self._tokens + refill)
        self._last_refill = now
        return self._tokens >= 1.0

    def consume(self) -> None:
        """Consume one token.

        Audits that were drawn before the bucket became empty can make it negative.
        """
        self._tokens -= 1.0
