"""The attempts made on one machine: what each looked at, and the level of the next.

An attempt goes on with the ledger of every earlier one that had a row in common or was
about the same named task, so that adding a row does not begin a new life. Rows that an
earlier attempt looked at train and never certify again: whoever has a bundle and the
traces can learn anything about them, so no bound on what was told would hold.

::

    attempts/000001/attempt.json   its request, number and level     before it looks
    attempts/000001/rows.npy       names of all its rows             before it looks
    attempts/000001/seen.npy       those that were not fresh         before it looks
    attempts/000001/outcome.json   how it ended; absent: spent       once
    attempts/000001/learnt.npy     what it learnt from, if untested  once
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from tracer_bentos.training.data.rows import Row, RowIds, RowSet, row_ids
from tracer_core.constants import UNNAMED_TASK
from tracer_core.contracts.document import Document
from tracer_core.errors import StoreError
from tracer_core.stats.certificate.ledger import (
    LedgerEntry,
    attempt_level,
    recycled_level,
)

__all__ = ["STATE_VARIABLE", "LedgerAttempt", "LedgerOutcome", "OfflineLedger"]

STATE_VARIABLE = "TRACER_STATE"
"""Environment variable with the folder of the ledger."""

_ATTEMPT, _OUTCOME = "attempt.json", "outcome.json"
_ROWS, _SEEN, _LEARNT = "rows.npy", "seen.npy", "learnt.npy"
_NOTHING = np.empty(0, np.uint64)

_DELTA = 0.05
"""Error probability that is meant where none is asked for."""


class LedgerAttempt(Document):
    """Where an attempt stands; the same whenever it is made again."""

    request: str
    """Digest of its rows, its terms and the code: what makes it the same attempt."""
    task: str
    """Its task."""
    entry: int
    """Its place among all attempts on this machine."""
    earlier: tuple[int, ...] = ()
    """The places of those whose ledger it goes on with."""
    number: int = 1
    """Its number among them."""
    level: float
    """Its error level."""
    budget: float
    """Error probability of all of them together: the largest that was asked for."""
    after: datetime | None = None
    """Newest row that one of them may have tested on."""
    newest: datetime | None = None
    """Its own newest row."""


class LedgerOutcome(Document):
    """How an attempt ended."""

    tested: bool
    """Whether its certify rows were looked at."""
    chain_passed: bool = False
    """Whether every step of its chain passed."""


@dataclass(frozen=True, slots=True)
class _Entry:
    folder: Path
    attempt: LedgerAttempt
    outcome: LedgerOutcome | None

    @property
    def spent(self) -> bool:
        # One that never ended may have looked at everything before it fell.
        return self.outcome is None or self.outcome.tested

    @property
    def passed(self) -> bool:
        return self.outcome is not None and self.outcome.chain_passed

    def rows(self) -> RowIds:
        return _load(self.folder / _ROWS)

    def seen(self) -> RowIds:
        return self.rows() if self.spent else _load(self.folder / _LEARNT)


class OfflineLedger:
    """The ledger of one machine."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (folder or _state()) / "attempts"
        """Where it is kept."""

    def open(
        self, rows: RowSet, request: str, confidence: float
    ) -> tuple[LedgerAttempt, RowIds]:
        """Give an attempt and the names of rows that are not fresh for it.

        It is entered before anything is looked at; one that was entered before is the
        same attempt and spends nothing.

        Raises:
            StoreError: The ledger cannot be kept; without it nothing can be claimed.
        """
        with self._alone():
            entries = self._entries()
            for each in entries:
                if each.attempt.request == request:
                    return each.attempt, _load(each.folder / _SEEN)
            names = np.unique(row_ids(rows.rows))
            before = _before(entries, names, rows.task)
            place = max((each.attempt.entry for each in entries), default=0) + 1
            attempt = _stand(place, rows, request, before, 1 - confidence)
            seen = _seen_by(before, names)
            self._write(attempt, names, seen)
            return attempt, seen

    def mark_examined(self, rows: RowSet) -> tuple[LedgerAttempt, RowIds]:
        """Give what `enter` would to a new request, and enter nothing."""
        names = np.unique(row_ids(rows.rows))
        before = _before(self._entries(), names, rows.task)
        attempt = _stand(0, rows, "", before, _DELTA)
        return attempt, _seen_by(before, names)

    def close(
        self, attempt: LedgerAttempt, outcome: LedgerOutcome, learnt: Sequence[Row]
    ) -> None:
        """Say how an attempt ended; one that looked at nothing is taken out again.

        Raises:
            StoreError: The ledger cannot be kept.
        """
        with self._alone():
            folder = self.folder / f"{attempt.entry:06d}"
            if not folder.exists() or (folder / _OUTCOME).exists():
                return
            if not outcome.tested and not learnt:
                shutil.rmtree(folder)
                return
            if not outcome.tested:
                np.save(folder / _LEARNT, np.unique(row_ids(learnt)))
            _put(folder / _OUTCOME, outcome.to_json())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / "lock").open("wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise StoreError(
                f"cannot write the attempt ledger in {self.folder}: {error.strerror};"
                f" set {STATE_VARIABLE} to a folder that is writable and persistent"
            ) from error

    def _entries(self) -> list[_Entry]:
        found = sorted(self.folder.glob(f"[0-9]*/{_ATTEMPT}"))
        return [_read(each.parent) for each in found]

    def _write(self, attempt: LedgerAttempt, names: RowIds, seen: RowIds) -> None:
        # Whole or not at all, and in place before a row is looked at.
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self.folder))
        np.save(draft / _ROWS, names)
        np.save(draft / _SEEN, seen)
        _put(draft / _ATTEMPT, attempt.to_json())
        draft.rename(self.folder / f"{attempt.entry:06d}")


def _before(entries: Sequence[_Entry], names: RowIds, task: str) -> list[_Entry]:
    """Give the entries whose ledger goes on: those that touch it, and what they did."""
    found: set[int] = set()
    for each in entries:
        said = each.attempt
        named = said.task == task != UNNAMED_TASK
        if named or np.isin(names, each.rows(), assume_unique=True).any():
            found |= {said.entry, *said.earlier}
    return [each for each in entries if each.attempt.entry in found]


def _stand(
    place: int, rows: RowSet, request: str, before: Sequence[_Entry], delta: float
) -> LedgerAttempt:
    number = len(before) + 1
    ended = [
        LedgerEntry(attempt=at, tested=each.spent, chain_passed=each.passed)
        for at, each in enumerate(before, start=1)
    ]
    tested = [each.attempt.newest for each in before if each.spent]
    return LedgerAttempt(
        request=request,
        task=rows.task,
        entry=place,
        earlier=tuple(each.attempt.entry for each in before),
        number=number,
        level=attempt_level(number, delta, recycled_level(ended)),
        budget=max([delta, *(each.attempt.budget for each in before)]),
        after=max(filter(None, tested), default=None) if rows.timed else None,
        newest=rows.newest,
    )


def _seen_by(before: Sequence[_Entry], names: RowIds) -> RowIds:
    seen = [each.seen() for each in before]
    return np.intersect1d(names, np.concatenate([_NOTHING, *seen]))


def _read(folder: Path) -> _Entry:
    outcome = folder / _OUTCOME
    return _Entry(
        folder,
        LedgerAttempt.from_json((folder / _ATTEMPT).read_bytes()),
        LedgerOutcome.from_json(outcome.read_bytes()) if outcome.exists() else None,
    )


def _load(path: Path) -> RowIds:
    return np.asarray(np.load(path, allow_pickle=False), np.uint64)


def _put(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _state() -> Path:
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(os.environ.get(STATE_VARIABLE) or Path(home) / "tracer-router")
