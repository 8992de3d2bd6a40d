"""Which callers the teacher has accepted lately, remembered as keyed hashes only."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

__all__ = ["LIFETIME_SECONDS", "AcceptedKeyCache"]

LIFETIME_SECONDS: Final = 600.0
"""How long one acceptance counts: at most this long a revoked key is still answered."""

MAX_CALLERS: Final = 10_000
MAX_MODELS: Final = 64


class AcceptedKeyCache:
    """What the teacher itself said about callers' keys, by model.

    Nobody but the teacher knows which keys are good, and for which of its models. Each
    acceptance is used for a limited time; a refusal ends it at once.
    """

    def __init__(
        self,
        lifetime: float = LIFETIME_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._seen: OrderedDict[bytes, OrderedDict[str, float]] = OrderedDict()

    def is_recent(self, caller: bytes, model: str) -> bool:
        """Say whether the teacher has answered this caller for this model lately."""
        models = self._seen.get(caller)
        since = models.get(model) if models else None
        return since is not None and self._clock() - since < self._lifetime

    def accept(self, caller: bytes, model: str) -> None:
        """Remember that the teacher answered."""
        models = self._seen.setdefault(caller, OrderedDict())
        models[model] = self._clock()
        models.move_to_end(model)
        self._seen.move_to_end(caller)
        if len(models) > MAX_MODELS:
            models.popitem(last=False)
        if len(self._seen) > MAX_CALLERS:
            self._seen.popitem(last=False)

    def reject(self, caller: bytes, model: str) -> None:
        """Forget a caller whom the teacher would not give this model."""
        models = self._seen.get(caller)
        if models:
            models.pop(model, None)

    def revoke(self, caller: bytes) -> None:
        """Forget everything about a caller whose key the teacher does not take."""
        self._seen.pop(caller, None)
