"""The seeded traffic of the worlds: who asks, what is labelled, what would agree.

A world is described by true rates, so that every certificate can be judged. Rows are
accepted in the order of a score with as many bins as the product tests thresholds; the
worlds differ in how agreement depends on score, session, text and label.
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
"""Bins of the score, the most trusted first; one step of the family each."""
OPTIMISM = 0.02
"""How much better policies look in training than they are."""
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows as a rule sees them: where the score puts each and whether it agreed."""

    bins: Ints
    """Bin of every row."""
    agreed: Bools
    """Whether the surrogate gave the teacher's answer."""
    member: Ints | None = None
    """Session or text of every row, numbered, where a rule wants to know."""

    def taken(self, rows: Ints | Bools) -> "Sample":
        """Give some of the rows."""
        member = None if self.member is None else self.member[rows]
        return Sample(self.bins[rows], self.agreed[rows], member)


@dataclass(frozen=True, slots=True)
class Population:
    """True agreement by bin; every bin holds as much of the traffic."""

    rates: tuple[float, ...]

    @classmethod
    def flat(cls, rate: float) -> "Population":
        """Give one whose score says nothing."""
        return cls((rate,) * BINS)

    @classmethod
    def informative(cls, best: float, fall: float, power: float) -> "Population":
        """Give one that agrees less the less the score trusts it."""
        places = (np.arange(BINS) + 0.5) / BINS
        return cls(tuple((best - fall * places**power).tolist()))

    def promised(self) -> "Population":
        """Give how it looks in training: better than it is.

        Without that a chain would start where the rows are too few for any test to
        pass, and the worlds would try nothing.
        """
        return Population(tuple(min(rate + OPTIMISM, 1.0) for rate in self.rates))

    def draw(self, chance: np.random.Generator, rows: int) -> Sample:
        """Draw independent rows."""
        bins = chance.integers(0, BINS, rows)
        return Sample(bins, chance.random(rows) < np.array(self.rates)[bins])

    def truth(self) -> Floats:
        """Give the true agreement of every step of the family."""
        whole: Floats = np.cumsum(self.rates) / np.arange(1, BINS + 1)
        return whole


@dataclass(frozen=True, slots=True)
class Layout:
    """The rows of one attempt's test, from the first certify row on."""

    groups: Ints
    """Number of each group that has rows in it."""
    sizes: Ints
    """How many rows each of them has in all."""
    member: Ints
    """For each row its group, as a position in `groups`."""
    certify: Ints
    """Positions of the rows that the product's own split lets certify."""


def lay_out(group: Ints, certify: int, seed: int, key: str) -> Layout:
    """Split rows that belong to groups, given in the order of their time.

    Args:
        group: Number of the group of each row.
        certify: How many of the certify rows are used, the newest ones.
        seed: Seed of the choice within a group.
        key: What the rows of a group share, `session` or `text`.
    """
    rows = [_row(at, int(g), key) for at, g in enumerate(group)]
    chosen = np.array(
        split_rows(RowStore.from_rows(rows), WIDE, seed).certify[-certify:], np.intp
    )
    if len(chosen) < certify:
        raise ValueError(f"{len(chosen)} rows to certify on, {certify} are wanted")
    groups, member = np.unique(group[chosen[0] :], return_inverse=True)
    sizes = np.bincount(group)[groups]
    return Layout(groups, sizes, member, chosen - chosen[0])


def groups_for(certify: int) -> int:
    """Give how many groups must come so that so many certify."""
    # More than the share asks for: group sizes vary, and those on the edge train.
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
    """What is already served while the next candidates are judged."""

    accepts: float
    """Share of traffic that the incumbent answers."""
    audits: float
    """Share of its answers that the teacher labels."""
    coin: float
    """Rate of the coin that is drawn before anything is decided."""


@dataclass(frozen=True, slots=True)
class Window:
    """The traffic of one attempt under an incumbent, as far as it is labelled."""

    accepted: Bools
    """Whether the incumbent answered the row."""
    heads: Bools
    """Whether the coin hit it, so that it belongs to the uniform sample."""
    propensity: Floats
    """Probability with which a row like it gets a label."""
    certify: Ints
    """Positions that the product's own split lets certify."""


def lay_out_attempts(
    incumbent: Incumbent, attempts: int, certify: int, seed: int
) -> list[Window]:
    """Lay out the labelled traffic of several attempts, each with fresh rows.

    The rows of an attempt train the next one; its split is told what was tested.
    """
    chance = np.random.default_rng(seed)
    rows: list[Row] = []
    windows: list[Window] = []
    after: datetime | None = None
    for _ in range(attempts):
        first = len(rows)
        # The split leaves most rows of the coin to training.
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
            raise ValueError(f"{len(chosen)} rows to certify on, {certify} are wanted")
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
