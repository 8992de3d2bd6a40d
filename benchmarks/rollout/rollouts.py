"""Whole rollouts: gate by gate, checked after every audit, with retries."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.rollout.rule import Counts, Rule
from benchmarks.rollout.worlds import World

__all__ = ["Ends", "roll_out"]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Ends:
    """The ends of rollouts; 0 audits mean never."""

    promoted: Ints
    """Audits at full weight."""
    rolled_back: Ints
    """Audits at the first rollback."""

    @property
    def share_promoted(self) -> float:
        """The share of rollouts that reached full weight."""
        return float((self.promoted > 0).mean())

    @property
    def share_rolled_back(self) -> float:
        """The share of rollouts that were rolled back."""
        return float((self.rolled_back > 0).mean())

    def median(self, ended: Ints) -> float:
        """Return the median audits to an end; infinite if most do not reach it."""
        return float(np.median(np.where(ended > 0, ended, np.inf)))


def roll_out(
    rule: Rule,
    world: World,
    rate: float,
    size: tuple[int, int],
    seed: int,
    retries: int = 0,
) -> Ends:
    """Roll out many candidates with one true disagreement rate.

    Args:
        rule: The verdicts.
        world: The generator of the audits.
        rate: The true disagreement rate.
        size: Number of rollouts, and maximum number of audits.
        seed: Seed of the stream.
        retries: Number of immediate retries after a rollback.
    """
    state = _State(size[0], retries)
    for number, counts in enumerate(world.looks(rate, *size, seed), start=1):
        state.look(rule, counts, number)
        if not state.running.any():
            break
    return Ends(state.promoted, state.rolled_back)


class _State:
    def __init__(self, runs: int, retries: int) -> None:
        zero = np.zeros(runs, np.int64)
        self.gate = zero + 1
        self.tries_left = zero + retries
        self.before = Counts(zero, zero, zero)
        self.promoted, self.rolled_back = zero.copy(), zero.copy()
        self.running = np.ones(runs, bool)

    def look(self, rule: Rule, counts: Counts, number: int) -> None:
        before = self.before
        fresh = Counts(
            counts.total - before.total,
            counts.disagreed - before.disagreed,
            counts.missing - before.missing,
        )
        back = rule.rolls_back(fresh) & self.running
        self.rolled_back = np.where(
            back & (self.rolled_back == 0), number, self.rolled_back
        )
        self._retry(back, counts)
        passed = rule.promotes(counts, fresh, self.gate) & self.running & ~back
        full = passed & (self.gate == rule.gates)
        self.promoted = np.where(full, number, self.promoted)
        self.running &= ~full
        self.gate = np.where(passed & ~full, self.gate + 1, self.gate)

    def _retry(self, back: Flags, counts: Counts) -> None:
        again = back & (self.tries_left > 0)
        self.running &= ~(back & ~again)
        self.tries_left = self.tries_left - again
        self.gate = np.where(again, 1, self.gate)
        self.before = Counts(
            np.where(again, counts.total, self.before.total),
            np.where(again, counts.disagreed, self.before.disagreed),
            np.where(again, counts.missing, self.before.missing),
        )
