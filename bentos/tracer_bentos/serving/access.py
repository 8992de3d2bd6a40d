"""Whom the surrogate may answer, remembered as keyed hashes only."""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from tracer_bentos.serving.settings import Access

__all__ = ["Gate"]

LIFETIME_SECONDS: Final = 3600.0
CALLERS: Final = 10_000
_CREDENTIALS: Final = frozenset(
    {
        b"authorization",
        b"api-key",
        b"x-api-key",
        b"cookie",
        b"openai-organization",
        b"openai-project",
    }
)


class Gate:
    """Knows the callers that the teacher has accepted within the last hour.

    When the pod brings the teacher's key itself, the caller's own says nothing about
    the teacher, and whoever reaches the pod has the teacher already: anyone passes.
    """

    def __init__(
        self,
        access: Access,
        *,
        own_key: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._anyone = own_key or access is Access.OPEN
        self._salt = secrets.token_bytes(32)
        self._clock = clock
        self._seen: OrderedDict[bytes, float] = OrderedDict()

    def knows(self, caller: bytes) -> bool:
        """Say whether the surrogate may answer this caller."""
        if self._anyone:
            return True
        seen = self._seen.get(caller)
        return seen is not None and self._clock() - seen < LIFETIME_SECONDS

    def accepted(self, caller: bytes) -> None:
        """Remember that the teacher answered this caller."""
        self._seen[caller] = self._clock()
        self._seen.move_to_end(caller)
        if len(self._seen) > CALLERS:
            self._seen.popitem(last=False)

    def refused(self, caller: bytes) -> None:
        """Forget a caller whose key the teacher turned down."""
        self._seen.pop(caller, None)

    def caller(self, headers: Iterable[tuple[bytes, bytes]], model: str) -> bytes:
        """Give the keyed hash of a caller's credentials and the model asked for."""
        digest = hashlib.blake2b(model.encode(), key=self._salt, digest_size=16)
        for name, value in headers:
            if name in _CREDENTIALS:
                digest.update(b"\n%s:%d:%s" % (name, len(value), value))
        return digest.digest()
