"""Runs decisions of a surrogate: costly ones in threads, all others in micro-batches.

A transformer takes milliseconds, and an embeddings endpoint takes as long as its
network does. `DecisionExecutor` runs such decisions in threads and with a timeout, so
that they delay neither other requests nor their own for long: after the timeout, the
teacher answers.

All other decisions run on the event loop. Under load, requests mostly wait for each
other. `MicroBatcher` makes up to 32 decisions at once, which takes a third of the time
of 32 single decisions and has bit-identical results. If requests arrive one by one,
each is decided immediately.
"""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Final, NamedTuple

from tracer_bentos.serving.decision.eligibility import LoadedSurrogate
from tracer_bentos.serving.records import PredictionView
from tracer_bentos.surrogate.encoders.endpoint_client import endpoint_wait_seconds

__all__ = ["MAX_BATCH", "DecisionExecutor", "MicroBatcher", "TimedPrediction"]

_COMPUTE_THREADS: Final = 8
"""Concurrent transformers; more threads would compete for the processor."""
_ENDPOINT_THREADS: Final = 64
"""Concurrent decisions that call an endpoint; a delayed call occupies its thread."""
MAX_BATCH: Final = 32
"""Decisions in one batch; more would block the event loop for milliseconds."""


class TimedPrediction(NamedTuple):
    """A prediction and the time that it waited for an endpoint."""

    prediction: PredictionView
    """The prediction."""
    wait_seconds: float
    """Time waiting for an endpoint or for a thread that can call it, in seconds."""


class DecisionExecutor:
    """Runs costly decisions in thread pools.

    Args:
        timeout: Maximum time that a request waits for its decision, in seconds.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._compute_pool = ThreadPoolExecutor(_COMPUTE_THREADS, "decision-compute")
        self._endpoint_pool = ThreadPoolExecutor(_ENDPOINT_THREADS, "decision-endpoint")

    async def decide(self, surrogate: LoadedSurrogate, text: str) -> TimedPrediction:
        """Return the prediction.

        Raises:
            TimeoutError: The decision exceeded the timeout. It is canceled if it has
                not started.
        """
        loop, remote = asyncio.get_running_loop(), surrogate.remote
        pool = self._endpoint_pool if remote else self._compute_pool
        future = loop.run_in_executor(
            pool, _decide_timed, surrogate, text, time.perf_counter()
        )
        timed = await asyncio.wait_for(future, self._timeout)
        return timed if remote else timed._replace(wait_seconds=0.0)


def _decide_timed(
    surrogate: LoadedSurrogate, text: str, submitted: float
) -> TimedPrediction:
    queue_seconds = time.perf_counter() - submitted
    endpoint_before = endpoint_wait_seconds()
    prediction = surrogate.decide(text)
    endpoint_seconds = endpoint_wait_seconds() - endpoint_before
    return TimedPrediction(prediction, queue_seconds + endpoint_seconds)


class _PendingDecision(NamedTuple):
    surrogate: LoadedSurrogate
    text: str
    future: asyncio.Future[PredictionView]


class MicroBatcher:
    """Combines the decisions that arrive in one iteration of the event loop.

    The first decision of an iteration is made immediately, unless the previous
    iteration had several. All others are made together at the end of the iteration.
    """

    def __init__(self) -> None:
        self._pending: list[_PendingDecision] = []
        self._arrived = 0
        self._arrived_before = 0

    async def decide(self, surrogate: LoadedSurrogate, text: str) -> PredictionView:
        """Return the prediction, or raise the error of the surrogate."""
        loop = asyncio.get_running_loop()
        self._arrived += 1
        if self._arrived == 1:
            loop.call_soon(self._end_iteration)
            if self._arrived_before <= 1:
                return surrogate.decide(text)
        future: asyncio.Future[PredictionView] = loop.create_future()
        self._pending.append(_PendingDecision(surrogate, text, future))
        return await future

    def _end_iteration(self) -> None:
        self._arrived_before, self._arrived = self._arrived, 0
        self._decide_batch()

    def _decide_batch(self) -> None:
        batch, self._pending = self._pending[:MAX_BATCH], self._pending[MAX_BATCH:]
        if self._pending:
            asyncio.get_running_loop().call_soon(self._decide_batch)
        # A future is done if its client disconnected.
        open_ = (decision for decision in batch if not decision.future.done())
        for surrogate, group in groupby(open_, key=lambda pending: pending.surrogate):
            _resolve(surrogate, list(group))


def _resolve(surrogate: LoadedSurrogate, batch: Sequence[_PendingDecision]) -> None:
    try:
        predictions = surrogate.decide_all([decision.text for decision in batch])
        for decision, prediction in zip(batch, predictions, strict=True):
            decision.future.set_result(prediction)
    except BaseException as error:  # noqa: BLE001 - raised where the future is awaited
        if len(batch) == 1:
            batch[0].future.set_exception(error)
            return
        for decision in batch:  # only the text that caused the error must fail
            _resolve(surrogate, [decision])
