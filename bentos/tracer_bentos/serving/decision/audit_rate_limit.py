"""How many audits a pod pays for: a bucket that fills with time.

When it is empty the coin is not tossed at all, for whatever comes: who is in the
uniform sample depends on the past alone and never on the request itself.
"""

import time
from collections.abc import Callable
from typing import Final

__all__ = ["AuditRateLimit"]

HOUR_SECONDS: Final = 3600.0
_BURST: Final = 1 / 6
"""Ten minutes' worth may be spent at once."""


class AuditRateLimit:
    """Audits that may still be paid for."""

    def __init__(
        self, per_hour: int | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_hour = per_hour
        self._most = max(1.0, per_hour * _BURST) if per_hour else 0.0
        self._left = self._most
        self._clock = clock
        self._looked = clock()

    @property
    def available(self) -> bool:
        """Whether one more may be paid for."""
        if self._per_hour is None:
            return True
        now = self._clock()
        earned = (now - self._looked) / HOUR_SECONDS * self._per_hour
        self._left, self._looked = min(self._most, self._left + earned), now
        return self._left >= 1.0

    def consume(self) -> None:
        """Pay for one; those under way when the bucket ran empty are paid for too."""
        self._left -= 1.0
