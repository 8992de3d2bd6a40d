"""The audit sample: drawn per session before any decision, alike in every pod."""

from tracer_bentos.serving.records import Draw
from tracer_core.contracts.session_hash import SessionHash

__all__ = ["SessionSampler"]


class SessionSampler(SessionHash):
    """Turns a session into a fixed number between 0 and 1.

    The number depends on nothing but the session and the router, so that pods agree,
    and a session that is sampled at a low rate is sampled at every higher one.
    """

    def draw(self, subject: str, rate: float) -> Draw:
        """Draw for a session, or for a request that names none."""
        return Draw(sampled=self.position(subject) < rate, propensity=rate)

    def position(self, subject: str) -> float:
        """Return the subject's fixed number, uniform in [0, 1)."""
        digest = self.digest(subject, 7)
        return (int.from_bytes(digest) >> 3) / 2**53  # 53 bits: an exact float below 1
