"""TODO-DOC."""

from tracer_bentos.serving.decision.blas_threads import compute_on_one_thread
from tracer_bentos.serving.decision.eligibility import Surrogate
from tracer_core.contracts.evidence import LoadState

__all__ = ["Loaded"]


class Loaded:
    """What is loaded right now; read by every request."""

    def __init__(self, expected: str | None) -> None:
        self.surrogate: Surrogate | None = None
        """The surrogate; none while passing through."""
        self.digest: str | None = None
        """Digest of its bundle."""
        self.reason: str | None = "not fetched yet" if expected else None
        """Why nothing is loaded, for people."""
        self._expected = expected

    def put(self, surrogate: Surrogate) -> None:
        """Let the verified surrogate of the expected bundle answer."""
        compute_on_one_thread()
        self.surrogate, self.digest, self.reason = surrogate, self._expected, None

    def adopt(self, surrogate: Surrogate, digest: str) -> None:
        """Let a verified surrogate answer that lies on this machine."""
        self._expected = digest
        self.put(surrogate)

    def state(self) -> LoadState:
        """Give the state as it is reported."""
        return LoadState(
            expected=self._expected, loaded=self.digest, reason=self.reason
        )
