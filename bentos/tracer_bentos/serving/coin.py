"""The audit coin: drawn per session before any decision, alike in every pod."""

import hashlib
from typing import NamedTuple

__all__ = ["Coin", "Toss"]


class Toss(NamedTuple):
    """How the coin fell and how probable heads was."""

    heads: bool
    """Whether the row belongs to the uniform sample."""
    propensity: float
    """Probability of heads when the coin was drawn."""


class Coin:
    """Turns a session into a fixed number between 0 and 1.

    The number depends on nothing but the session and the router, so that pods agree,
    and whoever is heads at a low rate is heads at every higher one.
    """

    def __init__(self, *salt: str) -> None:
        self._key = hashlib.sha256("\n".join(salt).encode()).digest()

    def toss(self, subject: str, rate: float) -> Toss:
        """Draw the coin of a session, or of a request that names none."""
        return Toss(heads=self.position(subject) < rate, propensity=rate)

    def position(self, subject: str) -> float:
        """Give the subject's fixed number, uniform in [0, 1)."""
        digest = self._digest(subject, 7)
        return (int.from_bytes(digest) >> 3) / 2**53  # 53 bits: an exact float below 1

    def pseudonym(self, subject: str) -> str:
        """Give a keyed hash: sessions stay apart in traces without naming anyone."""
        return self._digest(subject, 12).hex()

    def _digest(self, subject: str, size: int) -> bytes:
        content = subject.encode(errors="replace")
        return hashlib.blake2b(content, key=self._key, digest_size=size).digest()
