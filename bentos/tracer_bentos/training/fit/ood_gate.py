"""How well a label must fit before a surrogate may answer at all.

The test on certify rows is about traffic like the past; it says nothing about topics
that come up later. The gate does: it is fitted once, on TRAIN, and is inside the policy
that is certified.
"""

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.training.fit.experts.fit_result import Targets
from tracer_bentos.training.fit.out_of_fold import AgreementTable

__all__ = ["ood_threshold"]

_ODD, _MOST = 0.05, 0.15
"""Share of TRAIN that the gate turns away, and the most it may turn away for the sake
of catch-all labels. Nearly all of these rows are too unsure to be answered anyway."""
_MISSES, _SCATTER = 20, 0.4
"""A catch-all, as a teacher's "none of these", is a label whose rows are alike in
nothing but fitting nowhere else: out of fold, those that are missed (at least so many)
scatter over labels (at least so many different ones a miss). A label that is merely
hard is mistaken for its two or three neighbours."""
_SWALLOWED = 0.02
"""Share of a catch-all's rows that may pass the gate under another label."""


def ood_threshold(table: AgreementTable, targets: Targets, labels: int) -> float:
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
    table: AgreementTable, targets: Targets, labels: int
) -> list[tuple[NDArray[np.bool_], float]]:
    """Give, for each catch-all label, its rows that went elsewhere and their share."""
    found = []
    for label in range(labels):
        own = targets == label
        missed = own & (table.labels != label)
        count, elsewhere = int(missed.sum()), len(np.unique(table.labels[missed]))
        if count >= _MISSES and elsewhere >= _SCATTER * count:
            found.append((missed, count / int(own.sum())))
    return found
