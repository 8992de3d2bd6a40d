"""Worlds of one attempt: the rate of false certificates of each rule."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.certificates.results import Outcome
from benchmarks.certificates.rules import Rule, Terms, declare
from benchmarks.certificates.traffic import (
    BINS,
    OPTIMISM,
    Layout,
    Population,
    Sample,
    groups_for,
    lay_out,
)
from tracer_core.stats.certificate.clusters import (
    BettingStrategy,
    declare_betting_strategy,
)
from tracer_core.stats.certificate.fixed_sequence import Chain, ChainCounts

__all__ = ["Contender", "Grouping", "Trial", "World", "grouped", "independent", "live"]

_TRAIN = 4_000
_RUNS_PER_LAYOUT = 250
"""Runs with the same split of one layout; their outcomes are drawn independently."""

Chance = np.random.Generator
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Contender:
    """A rule at a level, with the rows that it uses."""

    name: str
    """Description of the rule."""
    rule: Rule
    """The rule."""
    level: float
    """The error level of the rule."""
    view: str = "certify"
    """The sample of a trial that the rule uses."""
    ours: bool = False
    """Whether it is the procedure of the product."""
    claimed: bool = True
    """Whether a certificate of the rule covers the world."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a world, before the test."""

    chain: Chain
    """The declared chain."""
    views: Mapping[str, Sample]
    """The rows by the name of the sample."""
    bet: BettingStrategy | None = None
    """The declared bet for a test of whole sessions."""


@dataclass(frozen=True, slots=True)
class World:
    """Traffic with a known true agreement, and the rules to test."""

    name: str
    """Description of the world."""
    target: float
    """Target agreement."""
    truth: Floats
    """True agreement of every step, over requests."""
    contenders: tuple[Contender, ...]
    """The rules."""
    trials: Callable[[int, int, np.random.SeedSequence], Iterator[Trial]]
    """Returns the runs, from the certify rows, the number of runs, and the seed."""


def live(
    world: World, rows: int, runs: int, seed: np.random.SeedSequence
) -> list[Outcome]:
    """Return the outcomes of all rules on the same runs of a world."""
    found = [
        Outcome(world.name, rows, c.name, ours=c.ours, claimed=c.claimed)
        for c in world.contenders
    ]
    chance = np.random.default_rng(seed.spawn(1)[0])
    for trial in world.trials(rows, runs, seed):
        for contender, outcome in zip(world.contenders, found, strict=True):
            terms = Terms(world.target, contender.level, trial.chain, trial.bet)
            step = contender.rule(trial.views[contender.view], terms, chance)
            false = step is not None and bool(world.truth[step] < world.target)
            outcome.tally.add(certified=step is not None, false=false)
    return found


def independent(
    name: str, target: float, population: Population, contenders: tuple[Contender, ...]
) -> World:
    """Return a world of independent rows."""

    def trials(rows: int, runs: int, seed: np.random.SeedSequence) -> Iterator[Trial]:
        chance = np.random.default_rng(seed)
        for _ in range(runs):
            train = population.promised().draw(chance, _TRAIN)
            chain = declare(train, rows, target)
            yield Trial(chain, {"certify": population.draw(chance, rows)})

    return World(name, target, population.truth(), contenders, trials)


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups of rows, and the agreement of each group."""

    key: str
    """The key that the rows of a group share, `session` or `text`."""
    groups: Callable[[Chance, int], Ints]
    """Returns the group of every row, from the requested number of groups."""
    rates: Callable[[Chance, Layout], Floats]
    """Returns the agreement of each group of a layout."""
    truth: float
    """Agreement over requests."""
    fresh: float = 1.0
    """Share of the newest groups that are not in the training rows."""


def grouped(
    name: str, target: float, grouping: Grouping, contenders: tuple[Contender, ...]
) -> World:
    """Return a world with grouped rows; the split of the product selects among them.

    A trial has the certify rows of the split (`certify`), all rows of the same time
    (`window`), and one row per group with the majority answer (`majority`).
    """

    def trials(rows: int, runs: int, seed: np.random.SeedSequence) -> Iterator[Trial]:
        chance = np.random.default_rng(seed)
        promised = Population.flat(grouping.truth).promised()
        viewed = {contender.view for contender in contenders}
        wanted = groups_for(round(rows / grouping.fresh))
        for run in range(runs):
            if run % _RUNS_PER_LAYOUT == 0:
                group = grouping.groups(chance, wanted)
                choice = int(chance.integers(2**31))
                layout = lay_out(group, rows, choice, grouping.key)
                bet = _declare_bet(chance, layout, grouping, target)
            train = promised.draw(chance, _TRAIN)
            chain = declare(train, rows, target)
            yield Trial(chain, _views(chance, layout, grouping, viewed), bet)

    truth = np.full(BINS, grouping.truth)
    return World(name, target, truth, contenders, trials)


def _views(
    chance: Chance, layout: Layout, grouping: Grouping, viewed: Collection[str]
) -> dict[str, Sample]:
    rates = grouping.rates(chance, layout)[layout.member]
    bins = chance.integers(0, BINS, len(rates))
    window = Sample(bins, chance.random(len(rates)) < rates, layout.member)
    views = {"window": window, "certify": window.taken(layout.certify)}
    if "majority" in viewed:
        views["majority"] = _majority(window, layout)
    return views


def _declare_bet(
    chance: Chance, layout: Layout, grouping: Grouping, target: float
) -> BettingStrategy:
    # The training agreement is too high, as in all of these worlds.
    rates = np.minimum(grouping.rates(chance, layout) + OPTIMISM, 1.0)
    agreed = chance.binomial(layout.sizes, rates)
    units = [
        ChainCounts(*pair)
        for pair in zip(agreed.tolist(), layout.sizes.tolist(), strict=True)
    ]
    return declare_betting_strategy(units, target, int(layout.sizes.max()))


def _majority(window: Sample, layout: Layout) -> Sample:
    agreeing = np.bincount(layout.member, weights=window.agreed)
    rows = np.bincount(layout.member)
    return Sample(window.bins[: len(rows)], 2 * agreeing > rows)
