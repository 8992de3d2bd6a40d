"""The rate of false certificates if a user fits again after each added trace.

All policies are just below the target, so each certificate is false. The user stops at
the first certificate and uses all available information: the next policy is the one of
twenty with the most agreements on all rows that an attempt has used.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.rows import (
    Row,
    RowIds,
    RowSet,
    mark_used,
    row_ids,
    select_rows,
)
from tracer_bentos.training.data.split import WIDE, split_rows
from tracer_bentos.training.fit.training_context import local_training_context
from tracer_bentos.training.ledger.offline_ledger import LedgerOutcome, OfflineLedger
from tracer_bentos.training.run.pipeline import sort_rows, train
from tracer_core.stats.binomial import rows_without_error
from tracer_core.stats.certificate.attempt_levels import attempt_level
from tracer_core.stats.certificate.fixed_sequence import Chain, ChainCounts, run_chain

pytestmark = pytest.mark.statistical

TARGET, TRUTH = 0.8, 0.79
DELTA = 0.2
FIRST, LAST = 60, 150
POLICIES = 20


def tolerated(rate: float, repeats: int) -> float:
    return rate + 3 * math.sqrt(rate * (1 - rate) / repeats)


def world(seed: int, count: int = LAST) -> list[Row]:
    chance = random.Random(seed)  # noqa: S311 - a reproducible world
    rows = []
    for _ in range(count):
        topic, other = chance.sample(["refund", "parcel"], 2)
        label = topic if chance.random() < TRUTH else other
        text = f"{topic} {chance.getrandbits(60):x}"
        rows.append(Row(text, label, "tickets", None, None, True, None))  # noqa: FBT003 - the whole row at a glance
    return rows


@dataclass(frozen=True, slots=True)
class Pool:
    """The answers of twenty policies, and whether they agree with the teacher."""

    text_ids: RowIds
    agreed: np.ndarray
    answered: np.ndarray

    @classmethod
    def from_rows(cls, rows: Sequence[Row], seed: int) -> "Pool":
        chance = np.random.default_rng(seed)
        agreed = np.array([row.label == row.text.split()[0] for row in rows])
        answered = chance.random((POLICIES, len(rows))) < 0.9
        return cls(row_ids(rows), agreed, answered)

    def best(self, used: RowIds) -> int:
        used_and_answered = np.isin(self.text_ids, used) & self.answered
        share = (used_and_answered & self.agreed).sum(axis=1) / np.maximum(
            used_and_answered.sum(axis=1), 1
        )
        return int(share.argmax())

    def counts(self, policy: int, certify: RowIds) -> ChainCounts:
        tested = np.isin(self.text_ids, certify) & self.answered[policy]
        return ChainCounts(int((tested & self.agreed).sum()), int(tested.sum()))


def certify_ids(rows: RowSet) -> RowIds:
    ordered = sort_rows(rows)
    split = split_rows(ordered.rows, WIDE, 1, used=ordered.used)
    return row_ids([ordered.rows[i] for i in split.certify])


def with_ledger(folder: Path, rows: Sequence[Row], pool: Pool) -> bool:
    """Fit after each added row until a policy is certified; return whether one is."""
    ledger = OfflineLedger(folder)
    for count in range(FIRST, len(rows) + 1):
        row_set = select_rows(rows[:count])
        attempt, used = ledger.open(row_set, f"{count} rows", 1 - DELTA)
        certify = certify_ids(mark_used(row_set, used))
        tested = len(certify) >= rows_without_error(TARGET, attempt.level)
        passed = tested and passes(pool, used, certify, attempt.level)
        ledger.close(attempt, LedgerOutcome(tested=tested, chain_passed=passed), ())
        if passed:
            return True
    return False


def with_file_ledger(_: Path, rows: Sequence[Row], pool: Pool) -> bool:
    """Do the same with a ledger for which an added row starts a new project."""
    used = row_ids(rows[:0])
    for count in range(FIRST, len(rows) + 1):
        certify = certify_ids(select_rows(rows[:count]))
        if passes(pool, used, certify, attempt_level(1, DELTA)):
            return True
        used = row_ids(rows[:count])
    return False


def passes(pool: Pool, used: RowIds, certify: RowIds, level: float) -> bool:
    counts = pool.counts(pool.best(used), certify)
    return run_chain([counts], Chain(0, 0), TARGET, level).whole


def false_rate(
    fit: Callable[[Path, Sequence[Row], Pool], bool],
    folder: Path,
    repeats: int,
    last: int = LAST,
) -> float:
    false = 0
    for seed in range(repeats):
        rows = world(seed, last)
        false += fit(folder / str(seed), rows, Pool.from_rows(rows, seed))
    return false / repeats


def test_fits_after_each_row_with_all_information_stay_within_the_budget(
    tmp_path: Path,
) -> None:
    repeats = 300
    rate = false_rate(with_ledger, tmp_path, repeats)
    assert DELTA / 8 < rate <= tolerated(DELTA, repeats)


def test_a_ledger_for_each_file_exceeds_the_budget(tmp_path: Path) -> None:
    repeats = 200
    rate = false_rate(with_file_ledger, tmp_path, repeats, last=300)
    assert rate > tolerated(DELTA, repeats)


def test_real_fits_after_each_row_stay_within_the_budget(tmp_path: Path) -> None:
    repeats, context = 60, local_training_context()
    false = 0
    for seed in range(repeats):
        ledger, rows = OfflineLedger(tmp_path / str(seed)), world(seed, 120)
        for count in range(100, len(rows) + 1):
            row_set = select_rows(rows[:count])
            attempt, used = ledger.open(row_set, f"{count} rows", 1 - DELTA)
            parameters = AttemptParameters(
                attempt=attempt.number,
                target=TARGET,
                confidence=1 - DELTA,
                level=attempt.level,
                minimum=50,
                seed=1,
            )
            result = train(parameters, mark_used(row_set, used), context)
            outcome = LedgerOutcome(
                tested=result.tested, chain_passed=result.chain_passed
            )
            ledger.close(attempt, outcome, result.train_rows)
            if result.certificate is not None:
                false += 1
                break
    assert false / repeats <= tolerated(DELTA, repeats)
