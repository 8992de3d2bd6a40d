"""Queues traces of requests and writes them to disk and store in the background."""

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
Result = TypeVar("Result")

MAX_QUEUED_RECORDS: Final = 10_000
BATCH_DELAY_SECONDS: Final = 0.02
POLL_INTERVAL_SECONDS: Final = 0.5
MIN_RETRY_DELAY_SECONDS: Final = 1.0
MAX_RETRY_DELAY_SECONDS: Final = 30.0


class TraceRecorder:
    """A bounded queue, a spool, and a shipper, outside of the request path.

    Only one thread uses the spool. A second thread ships, so that a store that does not
    respond never delays the writes to the local disk.

    Args:
        spool: Segments on the local disk.
        shipper: Uploads segments to the store.
        counters: Counters of the process.
        max_records: Number of records after which a segment is sealed.
        max_seconds: Age after which a segment is sealed, in seconds.
    """

    def __init__(
        self,
        spool: SegmentSpool,
        shipper: SegmentShipper,
        counters: ProcessCounters,
        *,
        max_records: int,
        max_seconds: float,
    ) -> None:
        self._spool = spool
        self._shipper = shipper
        self._counters = counters
        self._max_records = max_records
        self._max_seconds = max_seconds
        self._queue: deque[TraceRecord] = deque()
        self._wake = asyncio.Event()
        self._spool_thread = ThreadPoolExecutor(1, "spool")
        self._shipper_thread = ThreadPoolExecutor(1, "shipper")
        self._retry_delay = MIN_RETRY_DELAY_SECONDS
        self._retry_at = 0.0
        self._disk_error: str | None = None
        self._store_error: str | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def pending(self) -> int:
        """Number of records that are not in the store yet."""
        return len(self._queue) + self._spool.pending

    @property
    def logged(self) -> int:
        """Number of records that were written durably to the local disk."""
        return self._spool.logged

    @property
    def state(self) -> CaptureState:
        """The error that prevents writes to the disk or the store, if there is one."""
        return CaptureState(trouble=self._disk_error or self._store_error)

    def enqueue(self, record: TraceRecord) -> None:
        """Add a record to the queue; count it as dropped if the queue is full."""
        if len(self._queue) >= MAX_QUEUED_RECORDS:
            self._counters.traces_dropped += 1
            return
        self._queue.append(record)
        self._wake.set()

    def start(self) -> None:
        """Start to write and to ship, beginning with segments of earlier processes."""
        self._tasks = [
            asyncio.create_task(self._write_loop()),
            asyncio.create_task(self._ship_loop()),
        ]

    async def finish(self, deadline: float) -> None:
        """Write and ship all records; keep on disk what is not shipped in time.

        Args:
            deadline: Maximum time for the upload, in seconds.
        """
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._write(seal=True)
        try:
            async with asyncio.timeout(deadline):
                await self._ship_remaining()
        except TimeoutError:
            _log.warning(
                "%d traces were not uploaded before shutdown; they stay on local disk",
                self._spool.pending,
            )
        await self._run_in_spool_thread(self._spool.close)
        self._spool_thread.shutdown(wait=False)
        self._shipper_thread.shutdown(wait=False, cancel_futures=True)

    async def _write_loop(self) -> None:
        await self._write(seal=False)
        while True:
            await self._wait_for_records()
            await self._write(seal=False)

    async def _wait_for_records(self) -> None:
        try:
            async with asyncio.timeout(POLL_INTERVAL_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return  # the open segment can be old enough to be sealed
        # Under load, one call to the thread then writes many records.
        await asyncio.sleep(BATCH_DELAY_SECONDS)

    async def _write(self, *, seal: bool) -> None:
        self._wake.clear()
        batch = [self._queue.popleft() for _ in range(len(self._queue))]
        try:
            dropped = await self._run_in_spool_thread(
                lambda: self._append(batch, seal=seal)
            )
        except (OSError, ValueError) as error:
            self._counters.traces_dropped += len(batch)
            if batch or not self._disk_error:
                self._report_disk_error(f"local disk: {error}; traces are dropped")
            return
        self._counters.traces_dropped += dropped
        if dropped:
            self._report_disk_error("local disk: the spool is full; traces are dropped")
        elif batch:
            self._disk_error = None

    def _append(self, batch: list[TraceRecord], *, seal: bool) -> int:
        dropped = self._spool.append(batch)
        if seal or self._spool.is_due(self._max_records, self._max_seconds):
            self._spool.seal()
        return dropped

    async def _ship_loop(self) -> None:
        while True:
            await asyncio.sleep(POLL_INTERVAL_SECONDS)
            if time.monotonic() >= self._retry_at:
                await self._ship()

    async def _ship_remaining(self) -> None:
        while self._spool.sealed:
            await self._ship()
            if self._store_error:
                await asyncio.sleep(min(self._retry_delay, POLL_INTERVAL_SECONDS))

    async def _ship(self) -> None:
        for segment in self._spool.sealed:
            try:
                is_new = await asyncio.get_running_loop().run_in_executor(
                    self._shipper_thread, self._shipper.ship, segment
                )
                await self._run_in_spool_thread(partial(self._spool.remove, segment))
            except (StoreError, OSError) as error:
                self._back_off(error)
                return
            if is_new:
                totals = segment.totals
                self._counters.record_stored(totals.records, totals.labelled)
        self._store_error, self._retry_delay = None, MIN_RETRY_DELAY_SECONDS

    def _back_off(self, error: Exception) -> None:
        self._retry_at = time.monotonic() + self._retry_delay
        self._retry_delay = min(self._retry_delay * 2, MAX_RETRY_DELAY_SECONDS)
        message = f"store: {error}; traces stay on local disk until a retry succeeds"
        if message != self._store_error:
            _log.warning(message)
        self._store_error = message

    def _report_disk_error(self, message: str) -> None:
        if message != self._disk_error:
            _log.warning(message)
        self._disk_error = message

    async def _run_in_spool_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(
            self._spool_thread, work
        )
