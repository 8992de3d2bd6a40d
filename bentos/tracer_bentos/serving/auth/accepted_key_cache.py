"""Callers that the teacher accepted recently, stored only as keyed hashes."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

__all__ = ["LIFETIME_SECONDS", "AcceptedKeyCache"]

LIFETIME_SECONDS: Final = 600.0
"""Lifetime of one acceptance. The surrogate answers a revoked key at most this long."""

MAX_CALLERS: Final = 10_000
MAX_SCOPES: Final = 64


class AcceptedKeyCache:
    """The responses of the teacher to the keys of callers, by access scope.

    Only the teacher can decide which keys are valid for which models or deployments. A
    scope is the model or deployment of a request. An acceptance expires after its
    lifetime; a rejection removes it immediately.
    """

    def __init__(
        self,
        lifetime: float = LIFETIME_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._accepted: OrderedDict[bytes, OrderedDict[str, float]] = OrderedDict()

    def is_recent(self, caller: bytes, scope: str) -> bool:
        """Return whether the teacher accepted this caller in this scope recently."""
        scopes = self._accepted.get(caller)
        since = scopes.get(scope) if scopes else None
        return since is not None and self._clock() - since < self._lifetime

    def accept(self, caller: bytes, scope: str) -> None:
        """Record that the teacher answered this caller in this scope."""
        scopes = self._accepted.setdefault(caller, OrderedDict())
        scopes[scope] = self._clock()
        scopes.move_to_end(scope)
        self._accepted.move_to_end(caller)
        if len(scopes) > MAX_SCOPES:
            scopes.popitem(last=False)
        if len(self._accepted) > MAX_CALLERS:
            self._accepted.popitem(last=False)

    def reject(self, caller: bytes, scope: str) -> None:
        """Remove the acceptance of a caller in one scope."""
        scopes = self._accepted.get(caller)
        if scopes:
            scopes.pop(scope, None)

    def revoke(self, caller: bytes) -> None:
        """Remove all acceptances of a caller."""
        self._accepted.pop(caller, None)
