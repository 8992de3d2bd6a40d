"""The rules that select the served step of a family: the product, and naive rules.

The rule of the product is its own code. The naive rules show that the worlds
distinguish a valid procedure from an invalid one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from benchmarks.certificates.traffic import BINS, Sample
from tracer_core.stats.certificate.clusters import BettingStrategy, cluster_p_value
from tracer_core.stats.certificate.fixed_sequence import (
    Chain,
    ChainCounts,
    run_chain,
    run_tests,
)

__all__ = [
    "Rule",
    "Terms",
    "best_of_many",
    "count_steps",
    "declare",
    "expected_rule",
    "fixed_sequence",
    "pointwise_scan",
    "whole_sessions",
]

Floats = NDArray[np.float64]
_SCAN_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Terms:
    """The parameters of one attempt."""

    target: float
    """Target agreement."""
    level: float
    """Error level of the attempt."""
    chain: Chain
    """Steps declared before the test; the naive rules declare none."""
    bet: BettingStrategy | None = None
    """The declared bet for a test of whole sessions."""


Rule = Callable[[Sample, Terms, np.random.Generator], int | None]
"""Returns the served step; None for a refusal."""


def declare(train: Sample, certify: int, target: float) -> Chain:
    """Return a chain that is declared from training rows only, as the trainer does.

    It starts at the step with the largest predicted power and ends at the loosest step
    that reached the target in training.
    """
    agreed, rows = _cumulated(train)
    share = agreed / np.maximum(rows, 1)
    spread = np.maximum(share * (1 - share), target * (1 - target) / 4)
    power = (share - target) * np.sqrt(rows / len(train.bins) * certify / spread)
    start = int(np.argmax(power))
    hopeful = np.flatnonzero(share >= target)
    return Chain(start, max(start, int(hopeful[-1])) if len(hopeful) else start)


def count_steps(sample: Sample) -> list[ChainCounts]:
    """Return the agreements and rows of every step of the family."""
    agreed, rows = _cumulated(sample)
    pairs = zip(agreed.tolist(), rows.tolist(), strict=True)
    return [ChainCounts(int(k), int(n)) for k, n in pairs]


def fixed_sequence(
    sample: Sample, terms: Terms, _chance: np.random.Generator
) -> int | None:
    """Return the last step that passed: the rule of the product."""
    family = count_steps(sample)
    return run_chain(family, terms.chain, terms.target, terms.level).passed


def whole_sessions(
    sample: Sample, terms: Terms, _chance: np.random.Generator
) -> int | None:
    """Return the last step that passed a bet on sessions with all their rows."""
    member, bet = sample.member, terms.bet
    if member is None or bet is None:
        raise ValueError(
            "a test of whole sessions requires sessions and a declared bet"
        )

    def test(step: int) -> float:
        taken = sample.bins <= step
        rows = np.bincount(member[taken])
        agreed = np.bincount(member[taken & sample.agreed], minlength=len(rows))
        kinds = np.bincount(rows * (bet.longest + 1) + agreed)
        units = {
            ChainCounts(kind % (bet.longest + 1), kind // (bet.longest + 1)): int(
                kinds[kind]
            )
            for kind in np.flatnonzero(kinds).tolist()
        }
        return cluster_p_value(units, terms.target, bet)

    return run_tests(test, terms.chain, terms.level).passed


def pointwise_scan(
    sample: Sample, terms: Terms, _chance: np.random.Generator
) -> int | None:
    """Return the loosest of all steps whose own test passes."""
    return _last(_p_values(sample, terms.target) <= terms.level)


def best_of_many(
    sample: Sample, terms: Terms, chance: np.random.Generator
) -> int | None:
    """Scan 70% of the rows, then try candidates on the rest until one passes.

    A candidate passes if its share is at or above the target, without a bound.
    """
    scanned = chance.random(len(sample.bins)) < _SCAN_SHARE
    candidates = _p_values(sample.taken(scanned), terms.target) <= terms.level
    agreed, rows = _cumulated(sample.taken(~scanned))
    return _last(candidates & (rows > 0) & (agreed >= terms.target * rows))


def expected_rule(
    sample: Sample, terms: Terms, _chance: np.random.Generator
) -> int | None:
    """Return the loosest step with (errors + 1) / (rows + 1) within the bound.

    Valid on average over many certificates, which is no statement about one of them.
    """
    agreed, rows = _cumulated(sample)
    return _last((rows - agreed + 1) / (rows + 1) <= 1 - terms.target)


def _cumulated(sample: Sample) -> tuple[Floats, Floats]:
    rows = np.bincount(sample.bins, minlength=BINS)
    agreed = np.bincount(sample.bins[sample.agreed], minlength=BINS)
    return np.cumsum(agreed).astype(float), np.cumsum(rows).astype(float)


def _p_values(sample: Sample, target: float) -> Floats:
    agreed, rows = _cumulated(sample)
    values: Floats = betainc(np.maximum(agreed, 1), rows - agreed + 1, target)
    return np.where(agreed > 0, values, 1.0)


def _last(passing: NDArray[np.bool_]) -> int | None:
    found = np.flatnonzero(passing)
    return int(found[-1]) if len(found) else None
