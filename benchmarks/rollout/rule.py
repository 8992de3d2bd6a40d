"""The verdicts of the product for ten thousand rollouts at once.

The verdict is monotone in each count, so it is a table of boundaries, computed with the
functions of the product. Before the simulation, the tables are compared with
`assess_rollout` on random counts; a difference ends the run.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tracer_core.stats.sequential.e_values import promotion_log_e, rollback_log_e
from tracer_core.stats.sequential.verdict import (
    MISSING_LIMIT,
    AuditCounts,
    ParityAim,
    PromotionGate,
    RolloutVerdict,
    assess_rollout,
    rollback_bound,
    step_bound,
)

__all__ = ["Counts", "Rule"]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_CHECKED = 4_000


@dataclass(frozen=True)
class Counts:
    """Cumulative audits of many rollouts at one check."""

    total: Ints
    disagreed: Ints
    missing: Ints


@dataclass(frozen=True)
class Rule:
    """Boundaries by number of audits."""

    aim: ParityAim
    gates: int
    unserved: bool
    promoted: tuple[Ints, ...]
    """The maximum disagreements and missing audits that open each gate."""
    rolled_back: Ints
    """The minimum disagreements that cause a rollback."""
    against: Ints
    """The minimum disagreements with a rollback e-value of 1."""

    @classmethod
    def of(
        cls, aim: ParityAim, gates: int, audits: int, *, unserved: bool = False
    ) -> Self:
        """Compute the boundaries for up to a number of audits, and check them."""

        def promotion(gate: int) -> Ints:
            margin = 0.0 if unserved and gate == 1 else aim.margin
            bound = math.log(step_bound(aim.confidence, gate, gates))
            return _most(
                audits,
                lambda z, n: promotion_log_e(z, n, aim.target, margin) >= bound,
            )

        def rollback(bound: float) -> Ints:
            below = _most(audits, lambda z, n: rollback_log_e(z, n, aim.target) < bound)
            return below + 1

        found = cls(
            aim,
            gates,
            unserved,
            tuple(promotion(gate) for gate in range(1, gates + 1)),
            rollback(math.log(rollback_bound(aim.confidence))),
            rollback(0.0),
        )
        found.check(audits)
        return found

    def rolls_back(self, fresh: Counts) -> Flags:
        """Return which rollouts are rolled back for the audits of their last try."""
        found: Flags = fresh.disagreed >= self.rolled_back[fresh.total]
        return found & (fresh.total > 0)

    def promotes(self, counts: Counts, fresh: Counts, gate: Ints) -> Flags:
        """Return which rollouts pass their next gate."""
        bounds = np.stack(self.promoted)
        opened = counts.disagreed + counts.missing <= bounds[gate - 1, counts.total]
        quiet = counts.missing <= MISSING_LIMIT * counts.total
        clean = fresh.disagreed < self.against[fresh.total]
        found: Flags = opened & quiet & clean & (counts.total > 0)
        return found & ~self.rolls_back(fresh)

    def check(self, audits: int) -> None:
        """Compare with the verdict of the product on random counts.

        Raises:
            AssertionError: The results differ.
        """
        chance = np.random.default_rng(2026)
        for _ in range(_CHECKED):
            total = int(chance.integers(1, audits + 1))
            rate = chance.choice([0.005, 0.02, 0.05, 0.06, 0.1])
            disagreed = int(chance.binomial(total, rate))
            missing = int(chance.binomial(total - disagreed, chance.choice([0, 0.02])))
            gate = int(chance.integers(1, self.gates + 1))
            before = int(chance.integers(0, total))
            lost = int(chance.binomial(min(before, disagreed), 0.5))
            earlier = AuditCounts(before - lost, lost)
            if total - disagreed - missing < earlier.agreed:
                earlier = AuditCounts(0, lost)
            said = assess_rollout(
                self.aim,
                AuditCounts(total - disagreed - missing, disagreed, missing),
                PromotionGate(gate, self.gates, unserved=self.unserved and gate == 1),
                earlier,
            ).verdict
            assert said is self._one(total, disagreed, missing, gate, earlier)  # noqa: S101 - the purpose

    def _one(
        self, total: int, disagreed: int, missing: int, gate: int, earlier: AuditCounts
    ) -> RolloutVerdict:
        def one(number: int) -> Ints:
            return np.array([number])

        counts = Counts(one(total), one(disagreed), one(missing))
        fresh = Counts(
            one(total - earlier.total), one(disagreed - earlier.disagreed), one(missing)
        )
        if self.rolls_back(fresh)[0]:
            return RolloutVerdict.ROLL_BACK
        if self.promotes(counts, fresh, one(gate))[0]:
            return RolloutVerdict.PROMOTE
        return RolloutVerdict.HOLD


def _most(audits: int, holds: Callable[[int, int], bool]) -> Ints:
    """Return the maximum disagreements that satisfy a condition, by audits."""
    found = np.full(audits + 1, -1, np.int64)
    most = -1
    for total in range(1, audits + 1):
        # One more audit moves the boundary by at most one in either direction.
        while most + 1 <= total and holds(most + 1, total):
            most += 1
        while most >= 0 and not holds(most, total):
            most -= 1
        found[total] = most
    return found
