"""The ledger of one machine: continued ledgers, fresh rows, and used levels."""

import os
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from support.ticket_traces import ticket_rows
from tracer_bentos.training.data.rows import Row, RowIds, row_ids, select_rows
from tracer_bentos.training.ledger.offline_ledger import (
    LedgerAttempt,
    LedgerOutcome,
    OfflineLedger,
)
from tracer_core.constants import UNNAMED_TASK
from tracer_core.errors import StoreError

ROWS = ticket_rows(40)
DELTA = 0.05


def enter(
    folder: Path, rows: Sequence[Row], request: str, confidence: float = 1 - DELTA
) -> tuple[LedgerAttempt, RowIds]:
    return OfflineLedger(folder).open(select_rows(rows), request, confidence)


def end(
    folder: Path, attempt: LedgerAttempt, outcome: LedgerOutcome, *train_rows: Row
) -> None:
    OfflineLedger(folder).close(attempt, outcome, train_rows)


def unnamed(rows: Sequence[Row]) -> list[Row]:
    return [
        Row(row.text, row.label, UNNAMED_TASK, None, None, True, None)  # noqa: FBT003 - the whole row at a glance
        for row in rows
    ]


def names(rows: Sequence[Row]) -> list[int]:
    return sorted(row_ids(rows).tolist())


def test_an_added_row_continues_the_ledger(tmp_path: Path) -> None:
    first, fresh = enter(tmp_path, unnamed(ROWS[:39]), "first")
    end(tmp_path, first, LedgerOutcome(tested=True))
    second, seen = enter(tmp_path, unnamed(ROWS), "second")
    assert (first.number, first.level, len(fresh)) == (1, pytest.approx(DELTA / 2), 0)
    assert (second.number, second.level) == (2, pytest.approx(DELTA / 6))
    assert seen.tolist() == names(ROWS[:39])


def test_rows_of_another_project_start_a_new_ledger(tmp_path: Path) -> None:
    enter(tmp_path, unnamed(ROWS), "first")
    second, seen = enter(tmp_path, unnamed(ticket_rows(40, seed=2)), "second")
    assert (second.number, second.level, len(seen)) == (1, pytest.approx(DELTA / 2), 0)


def test_a_named_task_continues_the_ledger_with_other_rows(tmp_path: Path) -> None:
    enter(tmp_path, ROWS, "first")
    assert enter(tmp_path, ticket_rows(40, seed=2), "second")[0].number == 2


def test_an_attempt_continues_all_ledgers_of_an_earlier_attempt(
    tmp_path: Path,
) -> None:
    for request, rows in (("a", ROWS[:9]), ("b", ROWS[8:19]), ("c", ROWS[18:])):
        last, seen = enter(tmp_path, unnamed(rows), request)
    assert (last.number, last.earlier) == (3, (1, 2))
    assert seen.tolist() == names(ROWS[18:19])


def test_the_same_request_is_the_same_attempt_and_uses_no_level(
    tmp_path: Path,
) -> None:
    before = enter(tmp_path, ROWS, "first")
    end(tmp_path, before[0], LedgerOutcome(tested=True))
    enter(tmp_path, ROWS, "second")
    again = enter(tmp_path, ROWS, "first")
    assert again[0] == before[0]
    assert again[1].tolist() == before[1].tolist() == []
    assert enter(tmp_path, ROWS, "third")[0].number == 3


def test_an_attempt_without_an_outcome_counts_with_all_its_rows(tmp_path: Path) -> None:
    enter(tmp_path, ROWS, "first")
    second, seen = enter(tmp_path, ROWS, "second")
    assert second.level == pytest.approx(DELTA / 6)
    assert seen.tolist() == names(ROWS)
    assert second.after == ROWS[-1].time


def test_an_untested_attempt_recycles_its_level_and_uses_its_train_rows(
    tmp_path: Path,
) -> None:
    first, _ = enter(tmp_path, ROWS, "first")
    end(tmp_path, first, LedgerOutcome(tested=False), *ROWS[:20])
    second, seen = enter(tmp_path, ROWS, "second")
    assert second.level == pytest.approx(DELTA / 6 + DELTA / 2)
    assert seen.tolist() == names(ROWS[:20])


def test_a_passed_chain_recycles_its_level(tmp_path: Path) -> None:
    first, _ = enter(tmp_path, ROWS, "first")
    end(tmp_path, first, LedgerOutcome(tested=True, chain_passed=True))
    second, _ = enter(tmp_path, ROWS, "second")
    assert second.level == pytest.approx(DELTA / 6 + DELTA / 2)


def test_an_attempt_that_used_no_row_is_removed(tmp_path: Path) -> None:
    first, _ = enter(tmp_path, ROWS, "first")
    end(tmp_path, first, LedgerOutcome(tested=False))
    second, seen = enter(tmp_path, ROWS, "second")
    assert (second.number, len(seen)) == (1, 0)


def test_the_outcome_of_an_attempt_is_written_once(tmp_path: Path) -> None:
    first, _ = enter(tmp_path, ROWS, "first")
    end(tmp_path, first, LedgerOutcome(tested=True))
    end(tmp_path, first, LedgerOutcome(tested=False))
    assert enter(tmp_path, ROWS, "second")[0].level == pytest.approx(DELTA / 6)


def test_a_higher_confidence_later_does_not_reduce_the_budget(
    tmp_path: Path,
) -> None:
    enter(tmp_path, ROWS, "first")
    second, _ = enter(tmp_path, ROWS, "second", confidence=0.99)
    assert second.level == pytest.approx(0.01 / 6)
    assert second.budget == pytest.approx(DELTA)


def test_simultaneous_attempts_get_different_numbers(tmp_path: Path) -> None:
    requests = [f"request {number}" for number in range(8)]
    with ProcessPoolExecutor(4) as pool:
        entered = list(pool.map(partial(enter, tmp_path, ROWS), requests))
    assert sorted(attempt.number for attempt, _ in entered) == list(range(1, 9))
    # Only the first attempt found fresh rows.
    assert sorted(len(seen) for _, seen in entered) == [0] + [len(ROWS)] * 7


def enter_and_die(folder: Path) -> None:
    enter(folder, ROWS, "first")
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_leaves_a_used_attempt_and_no_lock(tmp_path: Path) -> None:
    process = get_context("spawn").Process(target=enter_and_die, args=(tmp_path,))
    process.start()
    process.join()
    second, seen = enter(tmp_path, ROWS, "second")
    assert process.exitcode == -signal.SIGKILL
    assert (second.number, second.level) == (2, pytest.approx(DELTA / 6))
    assert seen.tolist() == names(ROWS)


def test_an_incomplete_entry_is_ignored(tmp_path: Path) -> None:
    first, _ = enter(tmp_path, ROWS, "first")
    folder = tmp_path / "attempts"
    (folder / f"{first.entry:06d}").rename(folder / ".draft-first")
    assert enter(tmp_path, ROWS, "second")[0].number == 1


def test_an_unwritable_ledger_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "attempts").write_text("in the way")
    with pytest.raises(StoreError, match="set TRACER_STATE to a folder"):
        enter(tmp_path, ROWS, "first")


def test_other_case_and_spacing_do_not_make_a_row_fresh() -> None:
    rows = [Row(text, None, "", None, None, True, None) for text in ("A  b", "a B ")]  # noqa: FBT003 - the whole row at a glance
    assert len(np.unique(row_ids(rows))) == 1
