"""An expert that was fitted, with what it says about rows it was not fitted on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.expert import Expert

__all__ = ["FitResult", "Targets", "TrainingTargets"]

Targets = NDArray[np.intp]
"""The label of each row, by index."""


@dataclass(frozen=True, slots=True)
class TrainingTargets:
    """What experts are fitted to."""

    targets: Targets
    """The label of each TRAIN row, by index."""
    groups: tuple[int, ...]
    """The group of each; copies and sessions share one."""
    labels: int
    """Number of labels."""
    seed: int
    """Seed of everything random."""


@dataclass(frozen=True, slots=True)
class FitResult:
    """One expert."""

    name: str
    """Its name, for people."""
    costly: bool
    """Whether asking it takes milliseconds, not microseconds."""
    expert: Expert
    """Fitted on all TRAIN rows."""
    scores: NDArray[np.float64]
    """By TRAIN row and label, from a fit without the row's group."""
    familiar: NDArray[np.float64]
    """By TRAIN row, from the same."""
