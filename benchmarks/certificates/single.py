"""Worlds of one attempt: is what passes as good as the certificate says?"""

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
"""Runs that share one split of one layout; their outcomes are drawn anew."""

Chance = np.random.Generator
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Contender:
    """A rule at a level, on the rows that it would look at."""

    name: str
    """What it does, for people."""
    rule: Rule
    """The rule."""
    level: float
    """Its error level."""
    view: str = "certify"
    """Which of a trial's samples it looks at."""
    ours: bool = False
    """Whether it is the product's own procedure."""
    claimed: bool = True
    """Whether a certificate by it speaks about the world at hand."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a world up to the moment of the test."""

    chain: Chain
    """What was declared."""
    views: Mapping[str, Sample]
    """The rows, by who would look at them."""
    bet: BettingStrategy | None = None
    """What was declared for a test of whole sessions."""


@dataclass(frozen=True, slots=True)
class World:
    """Traffic whose true agreement is known, and the rules that face it."""

    name: str
    """What is so in it."""
    target: float
    """Agreement asked for."""
    truth: Floats
    """True agreement of every step, over requests."""
    contenders: tuple[Contender, ...]
    """The rules."""
    trials: Callable[[int, int, np.random.SeedSequence], Iterator[Trial]]
    """Gives the runs: certify rows, how many runs, seed."""


def live(
    world: World, rows: int, runs: int, seed: np.random.SeedSequence
) -> list[Outcome]:
    """Let every rule face the same runs of a world."""
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
    """Give a world of independent rows."""

    def trials(rows: int, runs: int, seed: np.random.SeedSequence) -> Iterator[Trial]:
        chance = np.random.default_rng(seed)
        for _ in range(runs):
            train = population.promised().draw(chance, _TRAIN)
            chain = declare(train, rows, target)
            yield Trial(chain, {"certify": population.draw(chance, rows)})

    return World(name, target, population.truth(), contenders, trials)


@dataclass(frozen=True, slots=True)
class Grouping:
    """How rows come in groups, and how agreement goes with them."""

    key: str
    """What the rows of a group share, `session` or `text`."""
    groups: Callable[[Chance, int], Ints]
    """Gives the group of every row, from the number of groups wanted."""
    rates: Callable[[Chance, Layout], Floats]
    """Gives the own agreement of each group of a layout."""
    truth: float
    """Agreement over requests."""
    fresh: float = 1.0
    """Share of the newest groups that training has not seen."""


def grouped(
    name: str, target: float, grouping: Grouping, contenders: tuple[Contender, ...]
) -> World:
    """Give a world whose rows come in groups; the product's split chooses among them.

    A trial has the rows that the split lets certify (`certify`), all rows of the same
    time (`window`) and one row for each group with the majority's answer (`majority`).
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
    # Training looks better than it is, as everywhere in these worlds.
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
