"""Streams of audits: independent, clustered, late, lost at restarts, retried."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.rollout.rule import Counts

__all__ = ["WORLDS", "World", "disagreements"]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

LATE = 100
"""Audits before a disagreement is known, in the late world."""
PODS, BOOTS = 10, 30
OPEN = 0.02
"""Share of agreements that are pending when a boot ends."""
SLOW = 20
"""Audits of a pod before a disagreement is known, in the world with restarts."""


@dataclass(frozen=True)
class World:
    """The properties of audits, except the disagreement rate."""

    name: str
    correlation: float = 0.0
    """Correlation of the requests of a session; one random request is audited."""
    spread: int = 0
    """Number of pods that receive a session of five requests; each audits it once."""
    late: bool = False
    """Whether disagreements are known later; only the completed prefix counts."""
    boots: bool = False
    """Whether pods restart; pending audits are then lost and count as missing."""

    def looks(self, rate: float, runs: int, audits: int, seed: int) -> Iterator[Counts]:
        """Yield the counts at each check, one check per audit."""
        chance = np.random.default_rng(seed)
        found = disagreements(self, chance, rate, (runs, audits))
        if self.late:
            return _prefixes(found)
        if self.boots:
            return _booted(found, chance)
        return _plain(found)


WORLDS = (
    World("independent"),
    World("sessions of 5, correlation .2, one audited", correlation=0.2),
    World("sessions of 5, correlation .5, one audited", correlation=0.5),
    World("disagreements 100 audits late, completed prefix", late=True),
    World("10 pods x 30 boots, open audits lost", boots=True),
)


def disagreements(
    world: World, chance: np.random.Generator, rate: float, shape: tuple[int, int]
) -> Flags:
    """Return which audits disagree, by rollout and number."""
    if not world.correlation:
        return chance.random(shape, np.float32) < rate
    runs, audits = shape
    each = min(world.spread, 5) or 1
    sessions = -(-audits // each)
    strength = 1 / world.correlation - 1
    own = chance.beta(rate * strength, (1 - rate) * strength, (runs, sessions))
    return chance.random(shape) < np.repeat(own, each, axis=1)[:, :audits]


def _plain(found: Flags) -> Iterator[Counts]:
    runs, audits = found.shape
    disagreed, missing = np.zeros(runs, np.int64), np.zeros(runs, np.int64)
    for number in range(audits):
        disagreed = disagreed + found[:, number]
        yield Counts(np.full(runs, number + 1), disagreed, missing)


def _prefixes(found: Flags) -> Iterator[Counts]:
    runs, audits = found.shape
    counted = np.zeros((runs, audits + 1), np.int64)
    counted[:, 1:] = np.cumsum(found, axis=1)
    rows, oldest = np.arange(runs), np.zeros(runs, np.int64)
    # The next disagreement at or after each audit, where the prefix can end.
    following = np.full((runs, audits + 1), audits, np.int64)
    for number in range(audits - 1, -1, -1):
        following[:, number] = np.where(
            found[:, number], number, following[:, number + 1]
        )
    for now in range(1, audits + 1):
        known = max(0, now - LATE)  # all earlier audits are complete
        oldest = np.maximum(oldest, known)
        total = np.minimum(following[rows, np.minimum(known, audits)], now)
        yield Counts(total, counted[rows, total], np.zeros(runs, np.int64))


def _booted(found: Flags, chance: np.random.Generator) -> Iterator[Counts]:
    """Yield pooled counts if every boot loses its pending audits at its end.

    Audits are distributed to the pods in turn; a boot lasts for 30 audits of each pod.
    A disagreement is known only after 20 more audits of its pod, so disagreements near
    the end of a boot are lost more often than agreements.
    """
    runs, audits = found.shape
    lifetime = max(1, audits // (PODS * BOOTS))
    place = (np.arange(audits) // PODS) % lifetime
    slow = lifetime - place <= min(SLOW, lifetime // 5)
    unlucky = chance.random((runs, audits), np.float32) < OPEN
    lost = np.where(found, slow[None, :], unlucky & (place == lifetime - 1)[None, :])
    disagreed, missing = np.zeros(runs, np.int64), np.zeros(runs, np.int64)
    for number in range(audits):
        gone = lost[:, number]
        disagreed = disagreed + (found[:, number] & ~gone)
        missing = missing + gone
        yield Counts(np.full(runs, number + 1), disagreed, missing)
