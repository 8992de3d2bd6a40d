"""Error rates of the verdicts if they are evaluated after every audit.

Worlds are exactly at a boundary, where an error is most probable. The tolerance follows
from the number of repetitions: the stated rate plus three standard errors.
"""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tracer_core.stats.sequential.e_values import promotion_log_e, rollback_log_e
from tracer_core.stats.sequential.verdict import (
    AuditCounts,
    ParityAim,
    PromotionGate,
    RolloutVerdict,
    assess_rollout,
)

pytestmark = pytest.mark.statistical

ALPHA = 0.05
REPEATS = 2_000
AUDITS = 2_000
AIM = ParityAim(target=0.95, margin=0.01, confidence=1 - ALPHA)


def tolerated(rate: float, repeats: int) -> float:
    return rate + 3 * math.sqrt(rate * (1 - rate) / repeats)


def looks(disagreement: float, seed: int) -> NDArray[np.int64]:
    chance = np.random.default_rng(seed)
    found = chance.random((REPEATS, AUDITS)) < disagreement
    return np.cumsum(found, axis=1)


def share_ever_crossing(
    log_e: Callable[[int, int], float], disagreement: float, alpha: float
) -> float:
    """Return the share of worlds whose process reaches 1/alpha at any look."""
    counts, bound = looks(disagreement, seed=5), -math.log(alpha)
    crossed = np.zeros(REPEATS, bool)
    for audits in range(1, AUDITS + 1):
        seen = counts[:, audits - 1]
        known = {int(z): log_e(int(z), audits) >= bound for z in np.unique(seen)}
        crossed |= np.array([known[int(z)] for z in seen])
    return float(crossed.mean())


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_candidate_at_the_margin_is_promoted_at_most_at_the_stated_rate(
    step: int,
) -> None:
    alpha = ALPHA ** (step / 3)
    found = share_ever_crossing(
        lambda z, n: promotion_log_e(z, n, AIM.target, AIM.margin),
        1 - (AIM.target - AIM.margin),
        alpha,
    )
    assert found <= tolerated(alpha, REPEATS)


@pytest.mark.parametrize("target", [0.85, 0.95, 0.99])
def test_a_candidate_at_the_target_is_rolled_back_at_most_at_the_stated_rate(
    target: float,
) -> None:
    found = share_ever_crossing(
        lambda z, n: rollback_log_e(z, n, target), 1 - target, ALPHA
    )
    assert found <= tolerated(ALPHA, REPEATS)


def _first_verdict(counts: NDArray[np.int64]) -> RolloutVerdict:
    for audits in range(25, AUDITS + 1, 25):
        disagreed = int(counts[audits - 1])
        seen = AuditCounts(audits - disagreed, disagreed)
        verdict = assess_rollout(AIM, seen, PromotionGate(3, 3)).verdict
        if verdict is not RolloutVerdict.HOLD:
            return verdict
    return RolloutVerdict.HOLD


@pytest.mark.parametrize(
    ("disagreement", "wrong"),
    [(0.06, RolloutVerdict.PROMOTE), (0.05, RolloutVerdict.ROLL_BACK)],
)
def test_verdicts_at_the_boundary_are_rarely_wrong(
    disagreement: float, wrong: RolloutVerdict
) -> None:
    worlds = looks(disagreement, seed=6)[:400]
    share = sum(_first_verdict(world) is wrong for world in worlds) / len(worlds)
    assert share <= tolerated(ALPHA, len(worlds))


@pytest.mark.parametrize(
    ("disagreement", "right"),
    [(0.01, RolloutVerdict.PROMOTE), (0.12, RolloutVerdict.ROLL_BACK)],
)
def test_clear_cases_are_decided_correctly_in_most_worlds(
    disagreement: float, right: RolloutVerdict
) -> None:
    worlds = looks(disagreement, seed=7)[:200]
    assert sum(_first_verdict(world) is right for world in worlds) >= 0.95 * 200
