"""The worlds: each is a way in which a certificate can be false."""

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.certificates.rules import (
    best_of_many,
    expected_rule,
    fixed_sequence,
    pointwise_scan,
    whole_sessions,
)
from benchmarks.certificates.single import (
    Contender,
    Grouping,
    World,
    grouped,
    independent,
)
from benchmarks.certificates.traffic import Layout, Population
from tracer_core.stats.certificate.attempt_levels import attempt_level

__all__ = ["DELTA", "worlds_of_one_attempt"]

DELTA = 0.05
"""Error probability of all attempts of a router together."""
_POPULAR, _POPULAR_SHARE = 20, 0.3
_UNSURE = 0.2
_BURSTS, _OFTEN = (1, 2, 3, 5, 8), (0.5, 0.2, 0.15, 0.1, 0.05)

Chance = np.random.Generator
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

FIRST = Contender("TracerRouter", fixed_sequence, attempt_level(1, DELTA), ours=True)
WHOLE = Contender(
    "TracerRouter, all of delta at once", fixed_sequence, DELTA, ours=True
)
ALL_ROWS = Contender("every row counted", fixed_sequence, DELTA, "window")
PLAIN = (
    FIRST,
    WHOLE,
    Contender("scan, each step its own test", pointwise_scan, DELTA),
    Contender("best of many by a second look", best_of_many, DELTA),
    Contender("(errors + 1) / (rows + 1)", expected_rule, DELTA),
)
SESSIONS = Contender(
    "whole sessions by bets", whole_sessions, DELTA, "window", ours=True
)
GROUPS = (FIRST, WHOLE, SESSIONS, ALL_ROWS)
UNCLAIMED = (replace(FIRST, claimed=False), replace(WHOLE, claimed=False))
MAJORITY = Contender("majority of copies", fixed_sequence, DELTA, "majority")


def worlds_of_one_attempt() -> tuple[World, ...]:
    """Return the worlds in which one candidate is tested once."""
    informative = Population.informative(0.995, 0.36, 4.0)
    return (
        independent("flat, .948 at .95", 0.95, Population.flat(0.948), PLAIN),
        independent("flat, .898 at .90", 0.90, Population.flat(0.898), PLAIN),
        independent("flat, just below .95", 0.95, Population.flat(0.95 - 1e-9), PLAIN),
        independent(
            "informative score, .923 overall, at .95", 0.95, informative, PLAIN
        ),
        grouped(
            "sessions of 5, correlation .2, .948 at .95", 0.95, _sessions(0.2), GROUPS
        ),
        grouped(
            "sessions of 5, correlation .5, .948 at .95", 0.95, _sessions(0.5), GROUPS
        ),
        grouped("retries of one text, .948 at .95", 0.95, _bursts(), GROUPS),
        grouped(
            "teacher noise, three copies, .948 at .95",
            0.95,
            _noise(),
            (*GROUPS, MAJORITY),
        ),
        grouped(
            "long sessions are worse, .948 at .95",
            0.95,
            _unequal(),
            (*UNCLAIMED, SESSIONS, ALL_ROWS),
        ),
        grouped(
            "popular texts are worse, .948 at .95",
            0.95,
            _popular(),
            (*UNCLAIMED, ALL_ROWS),
        ),
    )


def _correlated(
    chance: Chance, layout: Layout, rate: float, correlation: float
) -> Floats:
    whole = 1 / correlation - 1
    return chance.beta(rate * whole, (1 - rate) * whole, len(layout.groups))


def _sessions(correlation: float) -> Grouping:
    return Grouping(
        key="session",
        groups=lambda _chance, wanted: np.repeat(np.arange(wanted), 5),
        rates=partial(_correlated, rate=0.948, correlation=correlation),
        truth=0.948,
    )


def _bursts() -> Grouping:
    def groups(chance: Chance, wanted: int) -> Ints:
        return np.repeat(np.arange(wanted), chance.choice(_BURSTS, wanted, p=_OFTEN))

    return Grouping(
        key="text",
        groups=groups,
        rates=partial(_correlated, rate=0.948, correlation=0.9),
        truth=0.948,
    )


def _noise() -> Grouping:
    def rates(chance: Chance, layout: Layout) -> Floats:
        # For uncertain texts, about every fourth answer of the teacher differs.
        return np.where(chance.random(len(layout.groups)) < _UNSURE, 0.76, 0.995)

    return Grouping(
        key="text",
        groups=lambda _chance, wanted: np.repeat(np.arange(wanted), 3),
        rates=rates,
        truth=0.948,
    )


def _unequal() -> Grouping:
    def groups(chance: Chance, wanted: int) -> Ints:
        return np.repeat(np.arange(wanted), chance.choice([1, 9], wanted))

    def rates(_chance: Chance, layout: Layout) -> Floats:
        return np.where(layout.sizes == 1, 0.97, (0.948 - 0.1 * 0.97) / 0.9)

    return Grouping("session", groups, rates, 0.948)


def _popular() -> Grouping:
    def groups(chance: Chance, wanted: int) -> Ints:
        popular = chance.random(wanted) < _POPULAR_SHARE
        return np.where(
            popular,
            chance.integers(_POPULAR, size=wanted),
            _POPULAR + np.arange(wanted),
        )

    def rates(_chance: Chance, layout: Layout) -> Floats:
        popular = layout.groups < _POPULAR
        return np.where(
            popular, 0.90, (0.948 - _POPULAR_SHARE * 0.90) / (1 - _POPULAR_SHARE)
        )

    return Grouping("text", groups, rates, 0.948, fresh=0.65)
