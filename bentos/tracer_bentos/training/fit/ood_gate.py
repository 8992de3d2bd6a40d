"""The out-of-distribution gate: the smallest score of a label that can be answered.

The test on certify rows is about traffic like the past, not about later topics. The
gate covers later topics. It is fitted once, on TRAIN, and is part of the certified
policy.
"""

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.training.fit.experts.fit_result import Targets
from tracer_bentos.training.fit.out_of_fold import AgreementTable

__all__ = ["ood_threshold"]

_REJECTED, _MAX_REJECTED = 0.05, 0.15
"""Share of TRAIN that the gate rejects, and the largest share that it can reject due to
catch-all labels. The scores of nearly all these rows are too low for an answer."""
_MISSES, _SCATTER = 20, 0.4
"""A catch-all label, for example "none of these", has rows that share nothing except
that no other label fits. Out of fold, its missed rows (at least `_MISSES`) scatter over
many labels (at least `_SCATTER` different labels for each miss). A label that is only
hard is confused with two or three similar labels."""
_MAX_PASSED = 0.02
"""Share of the rows of a catch-all label that can pass the gate with another label."""


def ood_threshold(table: AgreementTable, targets: Targets, labels: int) -> float:
    """Return the smallest score of a predicted label that passes the gate.

    Args:
        table: Out-of-fold features of the TRAIN rows, n rows.
        targets: Index of the answer of the teacher, shape (n,).
        labels: Number of labels.
    """
    top_scores = table.numbers[:, 0]
    least, most = np.quantile(top_scores, [_REJECTED, _MAX_REJECTED], method="lower")
    thresholds = [
        float(np.quantile(top_scores[missed], 1 - _MAX_PASSED / share, method="higher"))
        for missed, share in _catch_alls(table, targets, labels)
        if share > _MAX_PASSED
    ]
    return float(np.clip(max(thresholds, default=least), least, most))


def _catch_alls(
    table: AgreementTable, targets: Targets, labels: int
) -> list[tuple[NDArray[np.bool_], float]]:
    """Return, for each catch-all label, its missed rows and their share of its rows."""
    found = []
    for label in range(labels):
        own = targets == label
        missed = own & (table.labels != label)
        count, scatter = int(missed.sum()), len(np.unique(table.labels[missed]))
        if count >= _MISSES and scatter >= _SCATTER * count:
            found.append((missed, count / int(own.sum())))
    return found
