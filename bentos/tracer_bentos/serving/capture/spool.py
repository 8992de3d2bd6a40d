"""Write-ahead segments on local disk, which survive a crash of the process.

Only one thread at a time can use a spool. A record counts as logged after it is synced
to the disk, so that neither a crash of the process nor of the machine loses it. A
segment is removed only after it is in the store.
"""

import fcntl
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from tracer_core.contracts.store.layout import TRACES, segment_key, segment_time
from tracer_core.contracts.traces import TraceRecord, TraceStatus

__all__ = ["SegmentSpool", "SegmentTotals", "SpooledSegment"]

_log = logging.getLogger(__name__)

MAX_SEGMENT_BYTES: Final = 8 * 1024 * 1024
_OPEN: Final = ".open"
_SEALED: Final = ".jsonl"


@dataclass(slots=True)
class SegmentTotals:
    """Counts of the records of a segment."""

    records: int = 0
    """Number of records."""
    labelled: Counter[str] = field(default_factory=Counter)
    """Number of records of the uniform sample with a label, by task."""

    def add(self, record: TraceRecord) -> None:
        """Add a record to the counts."""
        self.records += 1
        labelled = record.status is TraceStatus.OK and record.teacher is not None
        if record.uniform and labelled and record.task:
            self.labelled[record.task] += 1


@dataclass(frozen=True, slots=True)
class SpooledSegment:
    """A sealed segment on local disk."""

    path: Path
    """Path of the file."""
    totals: SegmentTotals
    """Counts of its records."""
    recovered: bool = False
    """Whether an earlier process left it and could have shipped and counted it."""

    @property
    def key(self) -> str:
        """Key of the object in the store."""
        sealed = segment_time(self.path.name)
        return f"{TRACES}{sealed:%Y-%m-%d}/{self.path.name}.zst"


class SegmentSpool:
    """The segments of one pod in one folder.

    Args:
        folder: Folder of the segments.
        pod: Name of the pod, for the keys of the segments.
        max_bytes: Maximum size of all segments, in bytes.
        clock: Returns the current time.
    """

    def __init__(
        self,
        folder: Path,
        pod: str,
        max_bytes: int,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._folder = folder
        self._pod = pod
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock: FileIO | None = None
        self._file: FileIO | None = None
        self._open_bytes = 0
        self._opened = clock()
        self._totals = SegmentTotals()
        self.logged = 0
        """Number of records synced to this disk since the start of the process."""
        self._number = 0
        self._sealed: list[SpooledSegment] = []
        self._sealed_bytes = 0

    @property
    def pending(self) -> int:
        """Number of records on disk, in the open segment and in sealed segments."""
        sealed = sum(segment.totals.records for segment in self._sealed)
        return self._totals.records + sealed

    @property
    def sealed(self) -> list[SpooledSegment]:
        """Segments to be shipped, oldest first."""
        return list(self._sealed)

    def open(self) -> None:
        """Lock the folder and recover the segments of an earlier process.

        Raises:
            OSError: The folder is not writable, or another process has the lock.
        """
        if self._lock:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = (self._folder / ".lock").open("wb", buffering=0)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise
        self._lock = lock
        self._recover()

    def append(self, records: Iterable[TraceRecord]) -> int:
        """Write and sync records; return the number dropped because the spool is full.

        Raises:
            OSError: The write failed; none of the records counts as pending.
        """
        self.open()
        lines, totals, dropped = [], SegmentTotals(self._totals.records), 0
        totals.labelled.update(self._totals.labelled)
        free_bytes = self._max_bytes - self._sealed_bytes - self._open_bytes
        for record in records:
            line = record.model_dump_json(exclude_none=True).encode() + b"\n"
            free_bytes -= len(line)
            if free_bytes < 0:
                dropped += 1
                continue
            lines.append(line)
            totals.add(record)
        self._write(b"".join(lines))
        self._totals = totals
        self.logged += len(lines)
        return dropped

    def is_due(self, max_records: int, max_seconds: float) -> bool:
        """Return whether the open segment is full or old enough to be sealed."""
        if not self._totals.records:
            return False
        age = (self._clock() - self._opened).total_seconds()
        full = (
            self._totals.records >= max_records or self._open_bytes >= MAX_SEGMENT_BYTES
        )
        return full or age >= max_seconds

    def seal(self) -> None:
        """Close the open segment; a sealed segment never changes."""
        if self._file is None:
            return
        self._file.close()
        path = self._folder / Path(str(self._file.name)).name
        self._file = None
        if self._totals.records:
            self._seal_file(path, self._totals, recovered=False)
        self._totals, self._open_bytes = SegmentTotals(), 0

    def remove(self, segment: SpooledSegment) -> None:
        """Delete a segment that is in the store."""
        self._sealed_bytes -= segment.path.stat().st_size
        segment.path.unlink()
        self._sealed.remove(segment)

    def close(self) -> None:
        """Seal the open segment and release the lock of the folder."""
        self.seal()
        if self._lock:
            self._lock.close()
            self._lock = None

    def _write(self, content: bytes) -> None:
        if not content:
            return
        if self._file is None:
            path = self._folder / f"{os.getpid()}-{self._number:06d}{_OPEN}"
            self._file = path.open("ab", buffering=0)
            self._opened = self._clock()
        written = 0
        try:
            while written < len(content):
                written += self._file.write(content[written:])
            os.fdatasync(self._file)
        except OSError:
            self._truncate(self._file)
            raise
        self._open_bytes += len(content)

    def _truncate(self, file: FileIO) -> None:
        """Remove a partial record from the end of the open segment."""
        try:
            file.truncate(self._open_bytes)
        except OSError:
            # Do not write to this file again. The next process truncates and ships it.
            file.close()
            self._file, self._totals, self._open_bytes = None, SegmentTotals(), 0
            self._number += 1
            raise

    def _recover(self) -> None:
        for path in sorted(self._folder.glob(f"*{_SEALED}")):
            self._add(SpooledSegment(path, _count_records(path), recovered=True))
        for path in sorted(self._folder.glob(f"*{_OPEN}")):
            totals = _count_records(path)
            if totals.records:
                self._seal_file(path, totals, recovered=True)
            else:
                path.unlink()

    def _seal_file(self, path: Path, totals: SegmentTotals, *, recovered: bool) -> None:
        key = segment_key(self._clock(), self._pod, self._number)
        name = key.rsplit("/", 1)[1].removesuffix(".zst")
        self._number += 1
        sealed = path.rename(self._folder / name)
        self._add(SpooledSegment(sealed, totals, recovered))

    def _add(self, segment: SpooledSegment) -> None:
        self._sealed.append(segment)
        self._sealed_bytes += segment.path.stat().st_size


def _count_records(path: Path) -> SegmentTotals:
    """Count the records of an earlier process and truncate an incomplete last line."""
    content = path.read_bytes()
    complete = content[: content.rfind(b"\n") + 1]
    if complete != content:
        _log.warning("spool: %s ends with an incomplete record; truncated", path.name)
        os.truncate(path, len(complete))
    totals = SegmentTotals()
    for line in complete.splitlines():
        try:
            totals.add(TraceRecord.model_validate_json(line))
        except ValidationError:
            totals.records += 1  # training quarantines the line and reports it
    return totals
