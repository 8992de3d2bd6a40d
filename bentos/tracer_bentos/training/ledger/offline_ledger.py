"""The ledger of the attempts on one machine: their used rows and their levels.

An attempt continues the ledger of each earlier attempt that has a common row or the
same named task, so an added row does not start a new error budget. Rows that an earlier
attempt has used can train but never certify again: a person with a bundle and the
traces can derive anything about these rows, so no bound on the disclosed information
would hold.

::

    attempts/000001/attempt.json   request, number, and level       before the test
    attempts/000001/rows.npy       text ids of all rows             before the test
    attempts/000001/seen.npy       text ids of rows used before     before the test
    attempts/000001/outcome.json   result; if absent, level used    once
    attempts/000001/learnt.npy     text ids of TRAIN rows, untested once
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
from tracer_core.stats.certificate.attempt_levels import (
    LedgerEntry,
    attempt_level,
    recycled_level,
)

__all__ = ["STATE_VARIABLE", "LedgerAttempt", "LedgerOutcome", "OfflineLedger"]

STATE_VARIABLE = "TRACER_STATE"
"""Environment variable with the folder that contains the ledger."""

_ATTEMPT, _OUTCOME = "attempt.json", "outcome.json"
_ROWS, _USED, _TRAINED = "rows.npy", "seen.npy", "learnt.npy"
_NO_ROWS = np.empty(0, np.uint64)

_DELTA = 0.05
"""Default error probability of all attempts together."""


class LedgerAttempt(Document):
    """The position of an attempt in the ledger, the same for each repetition."""

    request: str
    """Identity of the attempt: digest of its rows, its terms, and the algorithm."""
    task: str
    """Task of the attempt."""
    entry: int
    """Number among all attempts on this machine."""
    earlier: tuple[int, ...] = ()
    """Entries of the attempts whose ledger it continues."""
    number: int = 1
    """Number within its ledger."""
    level: float
    """Error level."""
    budget: float
    """Error probability of the whole ledger: the largest requested one."""
    after: datetime | None = None
    """Time of the newest row that an earlier attempt can have tested on."""
    newest: datetime | None = None
    """Time of the newest row of this attempt."""


class LedgerOutcome(Document):
    """The result of an attempt."""

    tested: bool
    """Whether its certify rows were examined."""
    chain_passed: bool = False
    """Whether all steps of its chain passed."""


@dataclass(frozen=True, slots=True)
class _Entry:
    folder: Path
    attempt: LedgerAttempt
    outcome: LedgerOutcome | None

    @property
    def level_used(self) -> bool:
        # An attempt without an outcome can have examined all its rows.
        return self.outcome is None or self.outcome.tested

    @property
    def passed(self) -> bool:
        return self.outcome is not None and self.outcome.chain_passed

    def rows(self) -> RowIds:
        return _load(self.folder / _ROWS)

    def used_rows(self) -> RowIds:
        return self.rows() if self.level_used else _load(self.folder / _TRAINED)


class OfflineLedger:
    """The ledger of one machine."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (folder or _state_folder()) / "attempts"
        """Folder of the attempts."""

    def open(
        self, rows: RowSet, request: str, confidence: float
    ) -> tuple[LedgerAttempt, RowIds]:
        """Return an attempt, and the text ids of the rows that are not fresh for it.

        The attempt is stored before a row is examined. A request that is already stored
        is the same attempt and uses no error budget.

        Args:
            rows: The rows of the attempt.
            request: Identity of the attempt.
            confidence: Requested confidence over all attempts together.

        Raises:
            StoreError: The ledger cannot be written, so no claim is possible.
        """
        with self._locked():
            entries = self._entries()
            for entry in entries:
                if entry.attempt.request == request:
                    return entry.attempt, _load(entry.folder / _USED)
            text_ids = np.unique(row_ids(rows.rows))
            earlier = _earlier_entries(entries, text_ids, rows.task)
            place = max((entry.attempt.entry for entry in entries), default=0) + 1
            attempt = _position(place, rows, request, earlier, 1 - confidence)
            used = _used_by(earlier, text_ids)
            self._write(attempt, text_ids, used)
            return attempt, used

    def mark_examined(self, rows: RowSet) -> tuple[LedgerAttempt, RowIds]:
        """Return the result of `open` for a new request, without storing it."""
        text_ids = np.unique(row_ids(rows.rows))
        earlier = _earlier_entries(self._entries(), text_ids, rows.task)
        attempt = _position(0, rows, "", earlier, _DELTA)
        return attempt, _used_by(earlier, text_ids)

    def close(
        self, attempt: LedgerAttempt, outcome: LedgerOutcome, trained: Sequence[Row]
    ) -> None:
        """Store the outcome of an attempt; an attempt that used no row is removed.

        Raises:
            StoreError: The ledger cannot be written.
        """
        with self._locked():
            folder = self.folder / f"{attempt.entry:06d}"
            if not folder.exists() or (folder / _OUTCOME).exists():
                return
            if not outcome.tested and not trained:
                shutil.rmtree(folder)
                return
            if not outcome.tested:
                np.save(folder / _TRAINED, np.unique(row_ids(trained)))
            _write_once(folder / _OUTCOME, outcome.to_json())

    @contextmanager
    def _locked(self) -> Iterator[None]:
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
        return [_read(path.parent) for path in found]

    def _write(self, attempt: LedgerAttempt, text_ids: RowIds, used: RowIds) -> None:
        # The rename is atomic, and it happens before a row is examined.
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self.folder))
        np.save(draft / _ROWS, text_ids)
        np.save(draft / _USED, used)
        _write_once(draft / _ATTEMPT, attempt.to_json())
        draft.rename(self.folder / f"{attempt.entry:06d}")


def _earlier_entries(
    entries: Sequence[_Entry], text_ids: RowIds, task: str
) -> list[_Entry]:
    """Return the entries that the attempt continues, and their earlier entries."""
    found: set[int] = set()
    for entry in entries:
        attempt = entry.attempt
        same_task = attempt.task == task != UNNAMED_TASK
        if same_task or np.isin(text_ids, entry.rows(), assume_unique=True).any():
            found |= {attempt.entry, *attempt.earlier}
    return [entry for entry in entries if entry.attempt.entry in found]


def _position(
    place: int, rows: RowSet, request: str, earlier: Sequence[_Entry], delta: float
) -> LedgerAttempt:
    number = len(earlier) + 1
    ledger_entries = [
        LedgerEntry(attempt=count, tested=entry.level_used, chain_passed=entry.passed)
        for count, entry in enumerate(earlier, start=1)
    ]
    tested = [entry.attempt.newest for entry in earlier if entry.level_used]
    return LedgerAttempt(
        request=request,
        task=rows.task,
        entry=place,
        earlier=tuple(entry.attempt.entry for entry in earlier),
        number=number,
        level=attempt_level(number, delta, recycled_level(ledger_entries)),
        budget=max([delta, *(entry.attempt.budget for entry in earlier)]),
        after=max(filter(None, tested), default=None) if rows.timed else None,
        newest=rows.newest,
    )


def _used_by(earlier: Sequence[_Entry], text_ids: RowIds) -> RowIds:
    used = [entry.used_rows() for entry in earlier]
    return np.intersect1d(text_ids, np.concatenate([_NO_ROWS, *used]))


def _read(folder: Path) -> _Entry:
    outcome = folder / _OUTCOME
    return _Entry(
        folder,
        LedgerAttempt.from_json((folder / _ATTEMPT).read_bytes()),
        LedgerOutcome.from_json(outcome.read_bytes()) if outcome.exists() else None,
    )


def _load(path: Path) -> RowIds:
    return np.asarray(np.load(path, allow_pickle=False), np.uint64)


def _write_once(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _state_folder() -> Path:
    state_home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(os.environ.get(STATE_VARIABLE) or Path(state_home) / "tracer-router")
