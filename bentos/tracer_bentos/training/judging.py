"""Out-of-fold signals of all TRAIN rows at once, as `packaging.surrogate` has them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.packaging.opinion import Opinion
from tracer_bentos.packaging.surrogate import Signals, signals_of
from tracer_bentos.training.fitted import Fitted

__all__ = ["Agreements", "Blend", "Table", "tabulate"]

Agreements = NDArray[np.bool_]
"""For each row, whether the out-of-fold prediction was the teacher's answer."""


@dataclass(frozen=True, slots=True)
class Blend:
    """Experts by index, and the share of each."""

    experts: tuple[int, ...]
    """Which experts."""
    weights: tuple[float, ...]
    """Their shares, which sum to 1."""


@dataclass(frozen=True, slots=True)
class Table:
    """The signals of every TRAIN row for one blend."""

    signals: tuple[Signals, ...]
    """One a row."""
    labels: NDArray[np.intp]
    """The predicted label of each."""
    numbers: NDArray[np.float64]
    """The numbers of each, one row a row."""


def tabulate(fitted: Sequence[Fitted], blend: Blend) -> Table:
    """Give the out-of-fold signals of every TRAIN row."""
    chosen = [fitted[i] for i in blend.experts]
    signals = tuple(
        signals_of(
            [Opinion(each.scores[row], float(each.familiar[row])) for each in chosen],
            blend.weights,
        )
        for row in range(len(chosen[0].scores))
    )
    return Table(
        signals=signals,
        labels=np.array([each.label for each in signals]),
        numbers=np.array([each.numbers for each in signals]),
    )
