"""Callers that the teacher accepted recently, stored only as keyed hashes."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

__all__ = ["LIFETIME_SECONDS", "AcceptedKeyCache"]

LIFETIME_SECONDS: Final = 600.0
"""Lifetime of one acceptance. The surrogate answers a revoked key at most this long."""

MAX_CALLERS: Final = 10_000
MAX_MODELS: Final = 64


class AcceptedKeyCache:
    """The responses of the teacher to the keys of callers, by model.

    Only the teacher can decide which keys are valid for which models. An acceptance
    expires after its lifetime; a rejection removes it immediately.
    """

    def __init__(
        self,
        lifetime: float = LIFETIME_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._accepted: OrderedDict[bytes, OrderedDict[str, float]] = OrderedDict()

    def is_recent(self, caller: bytes, model: str) -> bool:
        """Return whether the teacher accepted this caller for this model recently."""
        models = self._accepted.get(caller)
        since = models.get(model) if models else None
        return since is not None and self._clock() - since < self._lifetime

    def accept(self, caller: bytes, model: str) -> None:
        """Record that the teacher answered this caller for this model."""
        models = self._accepted.setdefault(caller, OrderedDict())
        models[model] = self._clock()
        models.move_to_end(model)
        self._accepted.move_to_end(caller)
        if len(models) > MAX_MODELS:
            models.popitem(last=False)
        if len(self._accepted) > MAX_CALLERS:
            self._accepted.popitem(last=False)

    def reject(self, caller: bytes, model: str) -> None:
        """Remove the acceptance of a caller for one model."""
        models = self._accepted.get(caller)
        if models:
            models.pop(model, None)

    def revoke(self, caller: bytes) -> None:
        """Remove all acceptances of a caller."""
        self._accepted.pop(caller, None)
