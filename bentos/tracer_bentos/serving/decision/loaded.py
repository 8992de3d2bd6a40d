"""TODO-DOC."""

from tracer_bentos.serving.decision.blas_threads import limit_blas_threads
from tracer_bentos.serving.decision.eligibility import LoadedSurrogate
from tracer_core.contracts.evidence import LoadState

__all__ = ["SurrogateSlot"]


class SurrogateSlot:
    """What is loaded right now; read by every request."""

    def __init__(self, expected: str | None) -> None:
        self.surrogate: LoadedSurrogate | None = None
        """The surrogate; none while passing through."""
        self.digest: str | None = None
        """Digest of its bundle."""
        self.reason: str | None = "not fetched yet" if expected else None
        """Why nothing is loaded, for people."""
        self._expected = expected

    def set_surrogate(self, surrogate: LoadedSurrogate) -> None:
        """Let the verified surrogate of the expected bundle answer."""
        limit_blas_threads()
        self.surrogate, self.digest, self.reason = surrogate, self._expected, None

    def set_local_surrogate(self, surrogate: LoadedSurrogate, digest: str) -> None:
        """Let a verified surrogate answer that lies on this machine."""
        self._expected = digest
        self.set_surrogate(surrogate)

    def state(self) -> LoadState:
        """Give the state as it is reported."""
        return LoadState(
            expected=self._expected, loaded=self.digest, reason=self.reason
        )
