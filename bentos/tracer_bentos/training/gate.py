"""How well a label must fit before a surrogate may answer at all.

The test on certify rows is about traffic like the past; it says nothing about topics
that come up later. The gate does: it is fitted once, on TRAIN, and is inside the policy
that is certified.
"""

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.training.fitted import Targets
from tracer_bentos.training.judging import Table

__all__ = ["floor_of"]

_ODD, _MOST = 0.05, 0.15
"""Share of TRAIN that the gate turns away, and the most it may turn away for the sake
of catch-all labels. Nearly all of these rows are too unsure to be answered anyway."""
_RARELY_FOUND = 0.5
"""A label found this seldom out of fold is a catch-all: its rows are alike in nothing
but fitting nowhere else, as a teacher's "none of these"."""
_FEWEST_ROWS = 50
_SWALLOWED = 0.02
"""Share of a catch-all's rows that may pass the gate under another label."""


def floor_of(table: Table, targets: Targets, labels: int) -> float:
    """Give the least score of a predicted label that passes.

    Args:
        table: Out-of-fold signals of the TRAIN rows.
        targets: The teacher's answers, by index.
        labels: Number of labels.
    """
    tops = table.numbers[:, 0]
    least, most = np.quantile(tops, [_ODD, _MOST], method="lower")
    wanted = [
        float(np.quantile(tops[swallowed], 1 - _SWALLOWED / share, method="higher"))
        for swallowed, share in _catch_alls(table, targets, labels)
        if share > _SWALLOWED
    ]
    return float(np.clip(max(wanted, default=least), least, most))


def _catch_alls(
    table: Table, targets: Targets, labels: int
) -> list[tuple[NDArray[np.bool_], float]]:
    """Give, for each catch-all label, its rows that went elsewhere and their share."""
    found = table.labels == targets
    rows = np.bincount(targets, minlength=labels)
    right = np.bincount(targets[found], minlength=labels)
    rare = (rows >= _FEWEST_ROWS) & (right < _RARELY_FOUND * rows)
    return [
        (~found & (targets == label), 1 - right[label] / rows[label])
        for label in np.flatnonzero(rare).tolist()
    ]
