"""The audit sample: drawn by session before the decision, identically in all pods."""

from tracer_bentos.serving.records import Draw
from tracer_core.contracts.store.session_hash import SessionHash

__all__ = ["SessionSampler"]


class SessionSampler(SessionHash):
    """Maps a session to a fixed number in [0, 1).

    The number depends only on the session and the router. All pods therefore make the
    same draw, and a session that is sampled at a low rate is sampled at every higher
    rate.
    """

    def draw(self, subject: str, rate: float) -> Draw:
        """Return the draw for a session, or for a request without a session.

        Args:
            subject: The session, or the id of the request.
            rate: Probability of `sampled`, in [0, 1].
        """
        return Draw(sampled=self.position(subject) < rate, propensity=rate)

    def position(self, subject: str) -> float:
        """Return the fixed number of a subject, uniform in [0, 1)."""
        digest = self.digest(subject, 7)
        return (int.from_bytes(digest) >> 3) / 2**53  # 53 bits: an exact float below 1
