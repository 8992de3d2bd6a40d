"""The rate of false certificates, compared to their level.

Agreement is just below the target and independent of the score, so all policies of the
family are bad and each certificate is false. In this case, a procedure that searches
for its best threshold on the certify rows exceeds the level.
"""

import math
import random
from datetime import timedelta

import numpy as np
import pytest

from support.ticket_traces import BEGIN
from tracer_bentos.surrogate.surrogate import StageDecision
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.rows import Row, RowSet, select_rows
from tracer_bentos.training.fit.coverage_curve import OofPredictions
from tracer_bentos.training.fit.threshold_selection import (
    CertificationPlan,
    build_policy_family,
)
from tracer_bentos.training.fit.training_context import local_training_context
from tracer_bentos.training.run.pipeline import train
from tracer_core.stats.certificate.attempt_levels import attempt_level
from tracer_core.stats.certificate.fixed_sequence import Chain, ChainCounts, run_chain

pytestmark = pytest.mark.statistical

TARGET = 0.9
DELTA = 0.05
LABELS = 10
CHAIN = Chain(0, 0)


def tolerated(rate: float, repeats: int) -> float:
    return rate + 3 * math.sqrt(rate * (1 - rate) / repeats)


def _predictions(
    chance: np.random.Generator, rows: int, slope: float
) -> OofPredictions:
    margins = chance.normal(size=rows)
    # Constant for slope 0; otherwise better for larger margins.
    rates = np.clip(TARGET - 0.002 + slope * margins, 0, 1)
    return OofPredictions(
        labels=chance.integers(0, LABELS, rows),
        scores=1 / (1 + np.exp(-margins)),
        in_distribution=np.ones(rows, bool),
        agreed=chance.random(rows) < rates,
    )


def _is_certified_falsely(seed: int, slope: float, certify: int, level: float) -> bool:
    chance = np.random.default_rng(seed)
    train = _predictions(chance, 1_000, slope)
    family = build_policy_family(
        train, CertificationPlan(TARGET, level, certify), LABELS
    )
    fresh = _predictions(chance, certify, slope)
    # All policies share the gate, so only the thresholds differ.
    gate = family.policies[0]
    in_gate = np.array(
        [
            gate.passes_gate(StageDecision("", int(label), 0.0, in_distribution=True))
            for label in fresh.labels
        ]
    )
    counts = []
    for policy in family.policies:
        accepted = in_gate & (fresh.scores >= policy.threshold)
        counts.append(
            ChainCounts(int((fresh.agreed & accepted).sum()), int(accepted.sum()))
        )
    passed = run_chain(counts, family.chain, TARGET, level).passed
    if passed is None:
        return False
    return _truth(family.policies[passed].threshold, slope) < TARGET


def _truth(threshold: float, slope: float) -> float:
    margin = math.log(threshold / (1 - threshold))
    wide = np.random.default_rng(0).normal(size=200_000)
    accepted = wide[wide >= margin]
    return float(np.clip(TARGET - 0.002 + slope * accepted, 0, 1).mean())


@pytest.mark.parametrize(("slope", "certify"), [(0.0, 300), (0.0, 1_200), (0.02, 600)])
def test_selecting_and_testing_a_policy_is_false_at_most_at_its_level(
    slope: float, certify: int
) -> None:
    repeats, level = 600, 0.05
    false = sum(
        _is_certified_falsely(seed, slope, certify, level) for seed in range(repeats)
    )
    assert false / repeats <= tolerated(level, repeats)


def _flat_world(seed: int, agreement: float) -> RowSet:
    chance = random.Random(seed)  # noqa: S311 - a reproducible world
    rows = []
    for number in range(400):
        topic = chance.choice(["refund", "parcel"])
        other = "parcel" if topic == "refund" else "refund"
        label = topic if chance.random() < agreement else other
        text = f"{topic} {chance.getrandbits(60):x}"
        time = BEGIN + timedelta(seconds=number)
        rows.append(Row(text, label, "tickets", time, None, True, None))  # noqa: FBT003 - the whole row at a glance
    return select_rows(rows)


def test_a_whole_attempt_is_false_at_most_at_its_level() -> None:
    repeats, level = 150, attempt_level(1, DELTA)
    parameters = AttemptParameters(
        attempt=1, target=TARGET, confidence=1 - DELTA, level=level, minimum=1, seed=3
    )
    context = local_training_context()
    worlds = (_flat_world(seed, TARGET - 0.01) for seed in range(repeats))
    false = sum(
        train(parameters, world, context).certificate is not None for world in worlds
    )
    assert false / repeats <= tolerated(level, repeats)


def test_all_attempts_together_are_false_at_most_at_the_budget() -> None:
    # Eight attempts on fresh rows; the level is recycled after a passed chain.
    repeats, false = 4_000, 0
    chance = np.random.default_rng(11)
    for _ in range(repeats):
        passed: set[int] = set()
        good = chance.random() < 0.5
        for attempt in range(1, 9):
            # Half of the worlds become bad after three true certificates.
            truth = 0.97 if good and attempt <= 3 else TARGET
            counts = [ChainCounts(int(chance.binomial(300, truth)), 300)]
            chain = run_chain(
                counts, CHAIN, TARGET, attempt_level(attempt, DELTA, passed)
            )
            if chain.whole and truth <= TARGET:
                false += 1
                break
            if chain.whole:
                passed.add(attempt)
    assert false / repeats <= tolerated(DELTA, repeats)
