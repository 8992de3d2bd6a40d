"""The slot for the currently loaded surrogate."""

from tracer_bentos.serving.decision.blas_threads import limit_blas_threads
from tracer_bentos.serving.decision.eligibility import LoadedSurrogate
from tracer_core.contracts.evidence import LoadState

__all__ = ["SurrogateSlot"]


class SurrogateSlot:
    """The currently loaded surrogate; every request reads it.

    Args:
        expected: Digest of the bundle to load; None for a pass-through.
    """

    def __init__(self, expected: str | None) -> None:
        self.surrogate: LoadedSurrogate | None = None
        """The surrogate; None while the pod is a pass-through."""
        self.digest: str | None = None
        """Digest of the bundle of the surrogate."""
        self.reason: str | None = "not fetched yet" if expected else None
        """Why no surrogate is loaded, for the status."""
        self._expected = expected

    def set_surrogate(self, surrogate: LoadedSurrogate) -> None:
        """Enable the verified surrogate of the expected bundle."""
        limit_blas_threads()
        self.surrogate, self.digest, self.reason = surrogate, self._expected, None

    def set_local_surrogate(self, surrogate: LoadedSurrogate, digest: str) -> None:
        """Enable a verified surrogate from the local disk."""
        self._expected = digest
        self.set_surrogate(surrogate)

    def state(self) -> LoadState:
        """Return the state for the evidence."""
        return LoadState(
            expected=self._expected, loaded=self.digest, reason=self.reason
        )
