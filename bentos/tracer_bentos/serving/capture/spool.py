"""Write-ahead segments on local disk: what is here survives the process.

One thread at a time uses a spool. A record is on the disk before it counts as logged,
so that neither the end of the process nor that of the machine loses it; a segment
leaves only when it lies in the store.
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

from tracer_core.contracts.layout import TRACES, segment_key, segment_time
from tracer_core.contracts.traces import TraceRecord, TraceStatus

__all__ = ["SegmentSpool", "SegmentTotals", "SpooledSegment"]

_log = logging.getLogger(__name__)

SEGMENT_BYTES: Final = 8 * 1024 * 1024
_OPEN: Final = ".open"
_SEALED: Final = ".jsonl"


@dataclass(slots=True)
class SegmentTotals:
    """What a segment holds."""

    records: int = 0
    """Lines."""
    labelled: Counter[str] = field(default_factory=Counter)
    """By task, rows of the uniform sample with a label."""

    def add(self, record: TraceRecord) -> None:
        """Count a record."""
        self.records += 1
        labelled = record.status is TraceStatus.OK and record.teacher is not None
        if record.uniform and labelled and record.task:
            self.labelled[record.task] += 1


@dataclass(frozen=True, slots=True)
class SpooledSegment:
    """A sealed segment on local disk."""

    path: Path
    """Where it lies."""
    tally: SegmentTotals
    """What it holds."""
    recovered: bool = False
    """Whether a former process left it, and may have shipped and counted it."""

    @property
    def key(self) -> str:
        """Where it belongs in the store."""
        sealed = segment_time(self.path.name)
        return f"{TRACES}{sealed:%Y-%m-%d}/{self.path.name}.zst"


class SegmentSpool:
    """The folder of the segments of one pod."""

    def __init__(
        self,
        folder: Path,
        pod: str,
        limit: int,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._folder = folder
        self._pod = pod
        self._limit = limit
        self._clock = clock
        self._lock: FileIO | None = None
        self._file: FileIO | None = None
        self._open_bytes = 0
        self._began = clock()
        self._tally = SegmentTotals()
        self.logged = 0
        """Records that are safe on this disk since the process began, ever shipped or
        not."""
        self._number = 0
        self._sealed: list[SpooledSegment] = []
        self._sealed_bytes = 0

    @property
    def pending(self) -> int:
        """Records on disk, sealed or not."""
        return self._tally.records + sum(one.tally.records for one in self._sealed)

    @property
    def sealed(self) -> list[SpooledSegment]:
        """Segments that wait for the store, oldest first."""
        return list(self._sealed)

    def open(self) -> None:
        """Take possession of the folder and of what a former process left there.

        Raises:
            OSError: The folder cannot be written, or another process has it.
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
        """Write records through to the disk and give how many found no room.

        Raises:
            OSError: The disk did not take them; none of them counts as pending.
        """
        self.open()
        lines, tally, dropped = [], SegmentTotals(self._tally.records), 0
        tally.labelled.update(self._tally.labelled)
        room = self._limit - self._sealed_bytes - self._open_bytes
        for record in records:
            line = record.model_dump_json(exclude_none=True).encode() + b"\n"
            room -= len(line)
            if room < 0:
                dropped += 1
                continue
            lines.append(line)
            tally.add(record)
        self._write(b"".join(lines))
        self._tally = tally
        self.logged += len(lines)
        return dropped

    def due(self, records: int, seconds: float) -> bool:
        """Say whether the open segment is full or old enough to be sealed."""
        if not self._tally.records:
            return False
        age = (self._clock() - self._began).total_seconds()
        full = self._tally.records >= records or self._open_bytes >= SEGMENT_BYTES
        return full or age >= seconds

    def seal(self) -> None:
        """Close the open segment; from now on it never changes."""
        if self._file is None:
            return
        self._file.close()
        path = self._folder / Path(str(self._file.name)).name
        self._file = None
        if self._tally.records:
            self._keep(path, self._tally, recovered=False)
        self._tally, self._open_bytes = SegmentTotals(), 0

    def remove(self, segment: SpooledSegment) -> None:
        """Delete a segment that lies in the store."""
        self._sealed_bytes -= segment.path.stat().st_size
        segment.path.unlink()
        self._sealed.remove(segment)

    def close(self) -> None:
        """Let another process have the folder."""
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
            self._began = self._clock()
        written = 0
        try:
            while written < len(content):
                written += self._file.write(content[written:])
            os.fdatasync(self._file)
        except OSError:
            self._mend(self._file)
            raise
        self._open_bytes += len(content)

    def _mend(self, file: FileIO) -> None:
        """Leave no half record before the next one."""
        try:
            file.truncate(self._open_bytes)
        except OSError:
            # Never written to again: the next process cuts it off and ships the rest.
            file.close()
            self._file, self._tally, self._open_bytes = None, SegmentTotals(), 0
            self._number += 1
            raise

    def _recover(self) -> None:
        for path in sorted(self._folder.glob(f"*{_SEALED}")):
            self._adopt(SpooledSegment(path, _count_records(path), recovered=True))
        for path in sorted(self._folder.glob(f"*{_OPEN}")):
            tally = _count_records(path)
            if tally.records:
                self._keep(path, tally, recovered=True)
            else:
                path.unlink()

    def _keep(self, path: Path, tally: SegmentTotals, *, recovered: bool) -> None:
        key = segment_key(self._clock(), self._pod, self._number)
        name = key.rsplit("/", 1)[1].removesuffix(".zst")
        self._number += 1
        self._adopt(SpooledSegment(path.rename(self._folder / name), tally, recovered))

    def _adopt(self, segment: SpooledSegment) -> None:
        self._sealed.append(segment)
        self._sealed_bytes += segment.path.stat().st_size


def _count_records(path: Path) -> SegmentTotals:
    """Count what a former process left, and cut off the line it died in."""
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        _log.warning("spool: %s ends within a record; cut off", path.name)
        os.truncate(path, len(whole))
    tally = SegmentTotals()
    for line in whole.splitlines():
        try:
            tally.add(TraceRecord.model_validate_json(line))
        except ValidationError:
            tally.records += 1  # the trainer quarantines it and says where it lies
    return tally
