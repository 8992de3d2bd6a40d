"""Worlds of several attempts: the error rate of all attempts of a router together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.certificates.results import Outcome
from benchmarks.certificates.rules import count_steps, declare
from benchmarks.certificates.traffic import (
    BINS,
    Incumbent,
    Population,
    Sample,
    Window,
    lay_out_attempts,
)
from tracer_core.stats.certificate.attempt_levels import attempt_level
from tracer_core.stats.certificate.fixed_sequence import Chain, ChainCounts, run_chain

__all__ = ["Life", "live_candidates", "live_under_incumbent", "lives"]

ATTEMPTS = 5
_TRAIN = 4_000
_RUNS_PER_LAYOUT = 500
_TARGET = 0.95
_PRODUCT = "TracerRouter"
_BAD, _GOOD = 0.948, 0.985
_INCUMBENT = Incumbent(accepts=0.6, audits=0.02, coin=0.25)
_WHERE_ANSWERED, _WHERE_DEFERRED = 0.930, 0.975
"""The candidate was trained on labelled rows, so it is better where the incumbent
defers: .948 over all traffic."""

Chance = np.random.Generator
Levels = Callable[[int, frozenset[int]], float]
"""Maps the attempt and the attempts whose whole chain passed to a level."""


@dataclass(frozen=True, slots=True)
class Life:
    """A rule that divides the error probability among attempts."""

    name: str
    """Description of the rule."""
    level: Levels
    """The level of an attempt."""
    ours: bool = False
    """Whether it is the ledger of the product."""


def lives(delta: float) -> tuple[Life, ...]:
    """Return the ledger of the product and two rules that allocate too much."""
    return (
        Life(
            _PRODUCT,
            lambda r, passed: attempt_level(r, delta, passed),
            ours=True,
        ),
        Life("every attempt at the whole level", lambda _r, _passed: delta),
        Life(
            "level passed on after every attempt",
            lambda r, _: attempt_level(r, delta, range(r)),
        ),
    )


def live_candidates(
    rows: int, runs: int, seed: np.random.SeedSequence, delta: float
) -> list[Outcome]:
    """Return the outcomes of candidates that are good at first and then bad.

    The worst time for candidates to become bad is after passed attempts, which increase
    the level of the next attempt.
    """
    chance = np.random.default_rng(seed)
    contenders = lives(delta)
    name = f"{ATTEMPTS} attempts, good ones first, at .95"
    found = [Outcome(name, rows, life.name, ours=life.ours) for life in contenders]
    for _ in range(runs):
        good = int(chance.integers(ATTEMPTS))
        truths = [_GOOD if at < good else _BAD for at in range(ATTEMPTS)]
        tests = [_test(chance, Population.flat(truth), rows) for truth in truths]
        for life, outcome in zip(contenders, found, strict=True):
            steps = _live(tests, life.level)
            false = any(step is not None for step in steps[good:])
            certified = any(step is not None for step in steps)
            outcome.tally.add(certified=certified, false=false)
    return found


def live_under_incumbent(
    rows: int, runs: int, seed: np.random.SeedSequence, delta: float
) -> list[Outcome]:
    """Return the outcomes of candidates that are tested while an incumbent answers.

    The answers of the incumbent are labelled at its audit rate, all other requests
    always. The uniform sample is drawn before any decision, and all of it is labelled.
    All candidates are bad.
    """
    chance = np.random.default_rng(seed)
    name = f"{ATTEMPTS} attempts under an incumbent, .948 at .95"
    found = [Outcome(name, rows, rule, ours=rule == _PRODUCT) for rule in _VIEWS]
    for run in range(runs):
        if run % _RUNS_PER_LAYOUT == 0:
            layout = int(chance.integers(2**31))
            windows = lay_out_attempts(_INCUMBENT, ATTEMPTS, rows, layout)
        drawn = [_answers(chance, window) for window in windows]
        chains = [_declare(chance, Population.flat(_BAD), rows) for _ in windows]
        for outcome, view in zip(found, _VIEWS.values(), strict=True):
            counted = [view(w, d, rows) for w, d in zip(windows, drawn, strict=True)]
            tests = list(zip(counted, chains, strict=True))
            steps = _live(tests, lambda r, passed: attempt_level(r, delta, passed))
            passed = any(step is not None for step in steps)
            outcome.tally.add(certified=passed, false=passed)
    return found


Test = tuple[list[ChainCounts], Chain]


def _live(tests: Sequence[Test], level: Levels) -> list[int | None]:
    passed: set[int] = set()
    steps = []
    for attempt, (family, chain) in enumerate(tests, start=1):
        result = run_chain(family, chain, _TARGET, level(attempt, frozenset(passed)))
        steps.append(result.passed)
        if result.whole:
            passed.add(attempt)
    return steps


def _test(chance: Chance, population: Population, rows: int) -> Test:
    chain = _declare(chance, population, rows)
    return count_steps(population.draw(chance, rows)), chain


def _declare(chance: Chance, population: Population, rows: int) -> Chain:
    return declare(population.promised().draw(chance, _TRAIN), rows, _TARGET)


def _answers(chance: Chance, window: Window) -> Sample:
    rates = np.where(window.accepted, _WHERE_ANSWERED, _WHERE_DEFERRED)
    bins = chance.integers(0, BINS, len(rates))
    return Sample(bins, chance.random(len(rates)) < rates)


def _coins_only(window: Window, drawn: Sample, _rows: int) -> list[ChainCounts]:
    return count_steps(drawn.taken(window.certify))


def _as_if_uniform(_window: Window, drawn: Sample, rows: int) -> list[ChainCounts]:
    return count_steps(drawn.taken(np.arange(len(drawn.bins))[-rows:]))


def _inverse_rates(window: Window, drawn: Sample, rows: int) -> list[ChainCounts]:
    newest = drawn.taken(np.arange(len(drawn.bins))[-rows:])
    weights = 1 / window.propensity[-rows:]
    whole = np.cumsum(np.bincount(newest.bins, weights, BINS))
    agreed = np.cumsum(np.bincount(newest.bins, weights * newest.agreed, BINS))
    counts = np.cumsum(np.bincount(newest.bins, minlength=BINS))
    scaled = np.rint(counts * agreed / np.maximum(whole, 1e-9))
    pairs = zip(scaled.tolist(), counts.tolist(), strict=True)
    return [ChainCounts(int(k), int(n)) for k, n in pairs]


_VIEWS: dict[str, Callable[[Window, Sample, int], list[ChainCounts]]] = {
    _PRODUCT: _coins_only,
    "labelled rows as if uniform": _as_if_uniform,
    "inverse rates put into a binomial": _inverse_rates,
}
