"""The seeded traffic of the worlds: requests, labels, and agreement.

A world is described by true rates, so that every certificate can be checked. Rows are
accepted in the order of a score with one bin per threshold that the product tests. The
worlds differ in how the agreement depends on score, session, text, and label.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.training.data.row import Row
from tracer_bentos.training.data.row_store import RowStore
from tracer_bentos.training.data.split import WIDE, split_rows
from tracer_bentos.training.fit.coverage_curve import FINE

__all__ = [
    "BINS",
    "OPTIMISM",
    "Incumbent",
    "Layout",
    "Population",
    "Sample",
    "Window",
    "groups_for",
    "lay_out",
    "lay_out_attempts",
]

BINS = FINE
"""Bins of the score, highest score first; one bin for each step of the family."""
OPTIMISM = 0.02
"""Excess of the training agreement over the true agreement."""
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows as input of a rule: the bin of the score, and whether the row agreed."""

    bins: Ints
    """Bin of every row."""
    agreed: Bools
    """Whether the surrogate agrees with the teacher."""
    member: Ints | None = None
    """Number of the session or text of every row, if a rule requires it."""

    def taken(self, rows: Ints | Bools) -> "Sample":
        """Return a selection of the rows."""
        member = None if self.member is None else self.member[rows]
        return Sample(self.bins[rows], self.agreed[rows], member)


@dataclass(frozen=True, slots=True)
class Population:
    """True agreement by bin; all bins have the same share of the traffic."""

    rates: tuple[float, ...]

    @classmethod
    def flat(cls, rate: float) -> "Population":
        """Return a population with an uninformative score."""
        return cls((rate,) * BINS)

    @classmethod
    def informative(cls, best: float, fall: float, power: float) -> "Population":
        """Return a population whose agreement decreases with the score."""
        places = (np.arange(BINS) + 0.5) / BINS
        return cls(tuple((best - fall * places**power).tolist()))

    def promised(self) -> "Population":
        """Return the population as seen in training, with a higher agreement.

        Otherwise a chain would start where the rows are too few for any test to pass,
        and the worlds would test nothing.
        """
        return Population(tuple(min(rate + OPTIMISM, 1.0) for rate in self.rates))

    def draw(self, chance: np.random.Generator, rows: int) -> Sample:
        """Draw independent rows."""
        bins = chance.integers(0, BINS, rows)
        return Sample(bins, chance.random(rows) < np.array(self.rates)[bins])

    def truth(self) -> Floats:
        """Return the true agreement of every step of the family."""
        whole: Floats = np.cumsum(self.rates) / np.arange(1, BINS + 1)
        return whole


@dataclass(frozen=True, slots=True)
class Layout:
    """The rows of the test of one attempt, from the first certify row on."""

    groups: Ints
    """Number of each group that has rows in the test."""
    sizes: Ints
    """Total number of rows of each group."""
    member: Ints
    """Group of each row, as a position in `groups`."""
    certify: Ints
    """Positions of the certify rows that the split of the product selects."""


def lay_out(group: Ints, certify: int, seed: int, key: str) -> Layout:
    """Split grouped rows that are in the order of their time.

    Args:
        group: Number of the group of each row.
        certify: Number of certify rows that are used, the newest ones.
        seed: Seed of the choice within a group.
        key: Key that the rows of a group share, `session` or `text`.
    """
    rows = [_row(at, int(g), key) for at, g in enumerate(group)]
    chosen = np.array(
        split_rows(RowStore.from_rows(rows), WIDE, seed).certify[-certify:], np.intp
    )
    if len(chosen) < certify:
        raise ValueError(f"{len(chosen)} certify rows, {certify} are required")
    groups, member = np.unique(group[chosen[0] :], return_inverse=True)
    sizes = np.bincount(group)[groups]
    return Layout(groups, sizes, member, chosen - chosen[0])


def groups_for(certify: int) -> int:
    """Return the number of groups that contain the requested certify rows."""
    # More than the share requires: group sizes vary, and groups at the boundary train.
    return math.ceil((1.1 * certify + 5 * math.sqrt(certify)) / WIDE)


def _row(at: int, group: int, key: str) -> Row:
    shared = key == "text"
    return Row(
        text=f"text {group if shared else at}",
        label="yes",
        task="tickets",
        time=_BEGIN + timedelta(seconds=at),
        session=None if shared else f"session {group}",
        uniform=True,
        model=None,
    )


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The live surrogate while the next candidates are tested."""

    accepts: float
    """Share of the traffic that the incumbent answers."""
    audits: float
    """Share of its answers that are audited."""
    coin: float
    """Rate of the uniform sample, which is drawn before any decision."""


@dataclass(frozen=True, slots=True)
class Window:
    """The labelled traffic of one attempt under an incumbent."""

    accepted: Bools
    """Whether the incumbent answered the row."""
    heads: Bools
    """Whether the row is in the uniform sample."""
    propensity: Floats
    """Probability that such a row is labelled."""
    certify: Ints
    """Positions of the certify rows that the split of the product selects."""


def lay_out_attempts(
    incumbent: Incumbent, attempts: int, certify: int, seed: int
) -> list[Window]:
    """Return the labelled traffic of several attempts, each with fresh rows.

    The rows of an attempt train the next one, whose split receives the tested rows.
    """
    chance = np.random.default_rng(seed)
    rows: list[Row] = []
    windows: list[Window] = []
    after: datetime | None = None
    for _ in range(attempts):
        first = len(rows)
        # The split uses most rows of the uniform sample for training.
        accepted, heads = _labelled(
            chance, incumbent, round(4 * certify / incumbent.coin)
        )
        rows.extend(_coin_row(first + i, bool(h)) for i, h in enumerate(heads))
        chosen = np.array(
            split_rows(RowStore.from_rows(rows), WIDE, seed, after).certify, np.intp
        )
        after = rows[-1].time
        asked = np.where(accepted, incumbent.audits, 1.0)
        propensity = incumbent.coin + (1 - incumbent.coin) * asked
        if len(chosen) < certify:
            raise ValueError(f"{len(chosen)} certify rows, {certify} are required")
        windows.append(Window(accepted, heads, propensity, chosen[-certify:] - first))
    return windows


def _labelled(
    chance: np.random.Generator, incumbent: Incumbent, requests: int
) -> tuple[Bools, Bools]:
    accepted = chance.random(requests) < incumbent.accepts
    heads = chance.random(requests) < incumbent.coin
    audited = chance.random(requests) < incumbent.audits
    labelled = heads | ~accepted | audited
    return accepted[labelled], heads[labelled]


def _coin_row(at: int, heads: bool) -> Row:
    time = _BEGIN + timedelta(seconds=at)
    return Row(f"text {at}", "yes", "tickets", time, None, heads, None)
