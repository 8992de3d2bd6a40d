"""How often the calibration of each side serves a policy that is below the target.

Worlds are flat and just below the target, so every served policy is a false
certificate. Both sides get the same scores and agreements and the same nominal level,
.10, the default of the peer.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.certificates.peer.sides import run_inside
from benchmarks.certificates.rules import Terms, declare, fixed_sequence
from benchmarks.certificates.traffic import BINS, Population, Sample

__all__ = ["LEVEL", "FlatOutcome", "compare_flat"]

LEVEL = 0.10
_TRAIN = 4_000
_LABELS = 10


@dataclass(frozen=True, slots=True)
class FlatOutcome:
    """One flat world."""

    truth: float
    """Agreement at every threshold."""
    target: float
    """Target agreement."""
    rows: int
    """Calibration rows."""
    runs: int
    """Number of worlds."""
    peer: int
    """Worlds in which the peer serves a policy."""
    peer_claims: int
    """Those of them whose reported lower bound also reaches the target."""
    ours: int
    """Worlds in which the product serves a policy."""


def compare_flat(
    truth: float, target: float, rows: int, runs: int, seed: int
) -> FlatOutcome:
    """Return how often each side serves a policy in a flat world."""
    chance = np.random.default_rng([seed, rows, round(1000 * truth)])
    scores = chance.random((runs, rows))
    agreed = chance.random((runs, rows)) < truth
    labels = chance.integers(0, _LABELS, (runs, rows))
    found = run_inside(
        "calibrate", scores=scores, agreed=agreed, labels=labels, target=target
    )
    deployed = found["deployed"].astype(bool)
    bounds = found["claimed"].astype(float)[deployed]
    ours = _ours(chance, scores, agreed, truth, target)
    return FlatOutcome(
        truth,
        target,
        rows,
        runs,
        peer=int(deployed.sum()),
        peer_claims=int((bounds >= target).sum()),
        ours=ours,
    )


def _ours(
    chance: np.random.Generator,
    scores: NDArray[np.float64],
    agreed: NDArray[np.bool_],
    truth: float,
    target: float,
) -> int:
    promised, served = Population.flat(truth).promised(), 0
    for score, right in zip(scores, agreed, strict=True):
        chain = declare(promised.draw(chance, _TRAIN), len(score), target)
        sample = Sample(((1 - score) * BINS).astype(np.intp), right)
        terms = Terms(target, LEVEL, chain)
        served += fixed_sequence(sample, terms, chance) is not None
    return served
