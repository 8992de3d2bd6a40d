"""A fitted expert, with its out-of-fold scores for the TRAIN rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.expert import Expert

__all__ = ["FitResult", "Targets", "TrainingTargets"]

Targets = NDArray[np.intp]
"""Index of the label of each row, shape (n,)."""


@dataclass(frozen=True, slots=True)
class TrainingTargets:
    """The targets of the fits, for n TRAIN rows."""

    targets: Targets
    """Index of the label of each row, shape (n,)."""
    groups: tuple[int, ...]
    """Group of each row; copies and rows of one session share a group."""
    labels: int
    """Number of labels."""
    seed: int
    """Seed of all random choices."""


@dataclass(frozen=True, slots=True)
class FitResult:
    """One fitted expert."""

    name: str
    """Name for display."""
    costly: bool
    """Whether its scores take milliseconds, not microseconds."""
    expert: Expert
    """The expert, fitted on all TRAIN rows."""
    scores: NDArray[np.float64]
    """Scores from a fit without the group of the row, shape (n, labels)."""
    similarity: NDArray[np.float64]
    """Similarity from the same fit, shape (n,)."""
