"""Does fitting again after every added trace find a false certificate in the end?

The worlds are just below the target for every policy, so each certificate is a false
one. The user stops at the first, and in between looks at everything: the next policy is
the one of twenty that agreed most on all rows that any attempt has looked at.
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
from tracer_core.stats.certificate.fixed_sequence import Chain, ChainCounts, run_chain
from tracer_core.stats.certificate.ledger import attempt_level

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
    """What twenty policies would answer, and whether rightly."""

    names: RowIds
    agreed: np.ndarray
    taken: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Row], seed: int) -> "Pool":
        chance = np.random.default_rng(seed)
        agreed = np.array([row.label == row.text.split()[0] for row in rows])
        taken = chance.random((POLICIES, len(rows))) < 0.9
        return cls(row_ids(rows), agreed, taken)

    def best(self, seen: RowIds) -> int:
        known = np.isin(self.names, seen) & self.taken
        share = (known & self.agreed).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        return int(share.argmax())

    def counts(self, policy: int, certify: RowIds) -> ChainCounts:
        asked = np.isin(self.names, certify) & self.taken[policy]
        return ChainCounts(int((asked & self.agreed).sum()), int(asked.sum()))


def certify_names(rows: RowSet) -> RowIds:
    ordered = sort_rows(rows)
    split = split_rows(ordered.rows, WIDE, 1, seen=ordered.seen)
    return row_ids([ordered.rows[i] for i in split.certify])


def with_ledger(folder: Path, rows: Sequence[Row], pool: Pool) -> bool:
    """Fit after every added row until something is certified."""
    ledger = OfflineLedger(folder)
    for count in range(FIRST, len(rows) + 1):
        have = select_rows(rows[:count])
        attempt, seen = ledger.open(have, f"{count} rows", 1 - DELTA)
        certify = certify_names(mark_used(have, seen))
        tested = len(certify) >= rows_without_error(TARGET, attempt.level)
        passed = tested and passes(pool, seen, certify, attempt.level)
        ledger.close(attempt, LedgerOutcome(tested=tested, chain_passed=passed), ())
        if passed:
            return True
    return False


def by_the_file(_: Path, rows: Sequence[Row], pool: Pool) -> bool:
    """Do the same where one more row makes a new project."""
    seen = row_ids(rows[:0])
    for count in range(FIRST, len(rows) + 1):
        certify = certify_names(select_rows(rows[:count]))
        if passes(pool, seen, certify, attempt_level(1, DELTA)):
            return True
        seen = row_ids(rows[:count])
    return False


def passes(pool: Pool, seen: RowIds, certify: RowIds, level: float) -> bool:
    counts = pool.counts(pool.best(seen), certify)
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
        false += fit(folder / str(seed), rows, Pool.of(rows, seed))
    return false / repeats


def test_who_fits_after_every_row_and_sees_everything_stays_within_the_budget(
    tmp_path: Path,
) -> None:
    repeats = 300
    rate = false_rate(with_ledger, tmp_path, repeats)
    assert DELTA / 8 < rate <= tolerated(DELTA, repeats)


def test_a_ledger_by_the_file_would_not_do(tmp_path: Path) -> None:
    repeats = 200
    rate = false_rate(by_the_file, tmp_path, repeats, last=300)
    assert rate > tolerated(DELTA, repeats)


def test_real_fits_after_every_row_stay_within_the_budget(tmp_path: Path) -> None:
    repeats, means = 60, local_training_context()
    false = 0
    for seed in range(repeats):
        ledger, rows = OfflineLedger(tmp_path / str(seed)), world(seed, 120)
        for count in range(100, len(rows) + 1):
            have = select_rows(rows[:count])
            attempt, seen = ledger.open(have, f"{count} rows", 1 - DELTA)
            question = AttemptParameters(
                attempt=attempt.number,
                target=TARGET,
                confidence=1 - DELTA,
                level=attempt.level,
                minimum=50,
                seed=1,
            )
            learned = train(question, mark_used(have, seen), means)
            ended = LedgerOutcome(
                tested=learned.tested, chain_passed=learned.chain_passed
            )
            ledger.close(attempt, ended, learned.learnt)
            if learned.certificate is not None:
                false += 1
                break
    assert false / repeats <= tolerated(DELTA, repeats)
