"""Takes traces from requests at once and gets them to disk and store afterwards."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from tracer_bentos.serving.capture.shipper import SegmentShipper
from tracer_bentos.serving.capture.spool import SegmentSpool
from tracer_bentos.serving.telemetry.counters import ProcessCounters
from tracer_core.contracts.evidence import CaptureState
from tracer_core.contracts.traces import TraceRecord
from tracer_core.errors import StoreError

__all__ = ["TraceRecorder"]

_log = logging.getLogger(__name__)
Done = TypeVar("Done")

QUEUE_LENGTH: Final = 10_000
GATHER_SECONDS: Final = 0.02
POLL_INTERVAL_SECONDS: Final = 0.5
FIRST_DELAY_SECONDS: Final = 1.0
LONGEST_DELAY_SECONDS: Final = 30.0


class TraceRecorder:
    """A bounded queue, a spool and a shipper, off the request path.

    The spool is used by one thread only, and shipping has a thread of its own, so that
    a store that hangs never keeps records from local disk.
    """

    def __init__(
        self,
        spool: SegmentSpool,
        shipper: SegmentShipper,
        counts: ProcessCounters,
        *,
        records: int,
        seconds: float,
    ) -> None:
        self._spool = spool
        self._shipper = shipper
        self._counts = counts
        self._records = records
        self._seconds = seconds
        self._waiting: deque[TraceRecord] = deque()
        self._wake = asyncio.Event()
        self._disk = ThreadPoolExecutor(1, "spool")
        self._store = ThreadPoolExecutor(1, "shipper")
        self._delay = FIRST_DELAY_SECONDS
        self._not_before = 0.0
        self._no_disk: str | None = None
        self._no_store: str | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def pending(self) -> int:
        """Records that are not in the store yet."""
        return len(self._waiting) + self._spool.pending

    @property
    def logged(self) -> int:
        """Records that have been made safe on local disk."""
        return self._spool.logged

    @property
    def state(self) -> CaptureState:
        """Whether records get to disk and store, and if not, why."""
        return CaptureState(trouble=self._no_disk or self._no_store)

    def enqueue(self, record: TraceRecord) -> None:
        """Take a record, or count it as dropped when the queue is full."""
        if len(self._waiting) >= QUEUE_LENGTH:
            self._counts.traces_dropped += 1
            return
        self._waiting.append(record)
        self._wake.set()

    def start(self) -> None:
        """Begin to write and to ship, first what a former process left."""
        self._tasks = [
            asyncio.create_task(self._write_always()),
            asyncio.create_task(self._ship_always()),
        ]

    async def finish(self, deadline: float) -> None:
        """Write and ship everything; what cannot be shipped in time stays on disk."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._write(seal=True)
        try:
            async with asyncio.timeout(deadline):
                await self._ship_the_rest()
        except TimeoutError:
            _log.warning("%d traces stay on local disk", self._spool.pending)
        await self._on_disk(self._spool.close)
        self._disk.shutdown(wait=False)
        self._store.shutdown(wait=False, cancel_futures=True)

    async def _write_always(self) -> None:
        await self._write(seal=False)
        while True:
            await self._woken()
            await self._write(seal=False)

    async def _woken(self) -> None:
        try:
            async with asyncio.timeout(POLL_INTERVAL_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return  # an old segment may be due
        # Under load one trip to the thread then takes many records.
        await asyncio.sleep(GATHER_SECONDS)

    async def _write(self, *, seal: bool) -> None:
        self._wake.clear()
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            dropped = await self._on_disk(lambda: self._append(batch, seal=seal))
        except (OSError, ValueError) as error:
            self._counts.traces_dropped += len(batch)
            if batch or not self._no_disk:
                self._disk_trouble(f"local disk: {error}; traces are dropped")
            return
        self._counts.traces_dropped += dropped
        if dropped:
            self._disk_trouble("local disk: no room for more; traces are dropped")
        elif batch:
            self._no_disk = None

    def _append(self, batch: list[TraceRecord], *, seal: bool) -> int:
        dropped = self._spool.append(batch)
        if seal or self._spool.due(self._records, self._seconds):
            self._spool.seal()
        return dropped

    async def _ship_always(self) -> None:
        while True:
            await asyncio.sleep(POLL_INTERVAL_SECONDS)
            if time.monotonic() >= self._not_before:
                await self._ship()

    async def _ship_the_rest(self) -> None:
        while self._spool.sealed:
            await self._ship()
            if self._no_store:
                await asyncio.sleep(min(self._delay, POLL_INTERVAL_SECONDS))

    async def _ship(self) -> None:
        for segment in self._spool.sealed:
            try:
                new = await asyncio.get_running_loop().run_in_executor(
                    self._store, self._shipper.ship, segment
                )
                await self._on_disk(partial(self._spool.remove, segment))
            except (StoreError, OSError) as error:
                self._back_off(error)
                return
            if new:
                tally = segment.tally
                self._counts.record_stored(tally.records, tally.labelled)
        self._no_store, self._delay = None, FIRST_DELAY_SECONDS

    def _back_off(self, error: Exception) -> None:
        self._not_before = time.monotonic() + self._delay
        self._delay = min(self._delay * 2, LONGEST_DELAY_SECONDS)
        trouble = f"store: {error}; traces wait on local disk"
        if trouble != self._no_store:
            _log.warning(trouble)
        self._no_store = trouble

    def _disk_trouble(self, trouble: str) -> None:
        if trouble != self._no_disk:
            _log.warning(trouble)
        self._no_disk = trouble

    async def _on_disk(self, work: Callable[[], Done]) -> Done:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)
