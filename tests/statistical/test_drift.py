"""Does the drift detector keep the run length it states, and how late is it?

Seeded streams; the real detector is walked along each of them.
"""

import math

import numpy as np
import pytest

from tracer_core.stats.sequential.drift_detector import DetectorBatch, DriftDetector

pytestmark = pytest.mark.statistical

TARGET = 0.95
RUN_LENGTH = 1_000.0
ROUTERS = 300
AUDITS = 2_000


def first_alarm(disagreed: list[int], batch: int, threshold: float) -> int | None:
    """Return the number of audits until the first alarm."""
    drift, maps = DriftDetector(), {}
    for number, found in enumerate(disagreed, start=1):
        if found not in maps:
            maps[found] = DetectorBatch.from_counts(found, batch, TARGET)
        drift = drift.update(maps[found])
        if drift.log_value >= math.log(threshold):
            return number * batch
    return None


@pytest.mark.parametrize("batch", [1, 25])
def test_false_alarms_are_at_most_as_frequent_as_the_run_length_states(
    batch: int,
) -> None:
    chance = np.random.default_rng(11)
    alarms = np.zeros(ROUTERS)
    for router in range(ROUTERS):
        # Exactly at the boundary, where false alarms are most frequent.
        stream = chance.binomial(batch, 1 - TARGET, AUDITS // batch).tolist()
        while (at := first_alarm(stream, batch, RUN_LENGTH)) is not None:
            alarms[router] += 1
            stream = stream[at // batch :]
    error = alarms.std() / math.sqrt(ROUTERS)
    assert alarms.mean() <= AUDITS / RUN_LENGTH + 3 * error


def test_a_change_is_detected_within_a_few_hundred_audits() -> None:
    chance = np.random.default_rng(12)
    delays = []
    for _ in range(100):
        good = chance.random(400) < 0.02
        bad = chance.random(2_000) < 0.10
        stream = np.concatenate([good, bad]).astype(int).tolist()
        delays.append((first_alarm(stream, 1, 1e4) or AUDITS) - 400)
    assert 100 < float(np.median(delays)) < 300
