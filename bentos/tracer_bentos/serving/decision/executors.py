"""TODO-DOC."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Final, NamedTuple

from tracer_bentos.serving.decision.eligibility import LoadedSurrogate
from tracer_bentos.serving.records import PredictionView
from tracer_bentos.surrogate.encoders.endpoint_client import endpoint_wait_seconds

__all__ = ["DecisionExecutor", "MicroBatcher", "TimedPrediction"]


_COMPUTE_THREADS: Final = 8
"""Transformers at once; more would only take the processor from each other."""


_ENDPOINT_THREADS: Final = 64
"""Decisions that ask an endpoint at once; one that is held up keeps its place."""


class TimedPrediction(NamedTuple):
    """A prediction, and how it came about."""

    prediction: PredictionView
    """The prediction."""
    waited: float
    """Seconds of it that were waiting for an endpoint, or for a place to ask it."""


class DecisionExecutor:
    """Makes decisions in threads of its own; a request waits for so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._computing = ThreadPoolExecutor(_COMPUTE_THREADS, "decision")
        self._asking = ThreadPoolExecutor(_ENDPOINT_THREADS, "question")

    async def decide(self, surrogate: LoadedSurrogate, text: str) -> TimedPrediction:
        """Give the prediction.

        Raises:
            TimeoutError: It was not there in time; one not begun is dropped.
        """
        loop, asks = asyncio.get_running_loop(), surrogate.asks_endpoint
        places = self._asking if asks else self._computing
        made = loop.run_in_executor(
            places, _decide, surrogate, text, time.perf_counter()
        )
        decided = await asyncio.wait_for(made, self._seconds)
        return decided if asks else decided._replace(waited=0.0)


def _decide(surrogate: LoadedSurrogate, text: str, came: float) -> TimedPrediction:
    queued, before = time.perf_counter() - came, endpoint_wait_seconds()
    prediction = surrogate.decide(text)
    return TimedPrediction(prediction, queued + endpoint_wait_seconds() - before)


MAX_BATCH: Final = 32
"""Decisions at once; more would hold everything else up for milliseconds."""


class _PendingDecision(NamedTuple):
    surrogate: LoadedSurrogate
    text: str
    decided: asyncio.Future[PredictionView]


class MicroBatcher:
    """Collects what waits in one turn of the event loop."""

    def __init__(self) -> None:
        self._waiting: list[_PendingDecision] = []
        self._came = 0
        self._came_before = 0

    async def decide(self, surrogate: LoadedSurrogate, text: str) -> PredictionView:
        """Give the prediction, or raise what the surrogate raises."""
        loop = asyncio.get_running_loop()
        self._came += 1
        if self._came == 1:
            loop.call_soon(self._end_turn)
            if self._came_before <= 1:
                return surrogate.decide(text)
        decided: asyncio.Future[PredictionView] = loop.create_future()
        self._waiting.append(_PendingDecision(surrogate, text, decided))
        return await decided

    def _end_turn(self) -> None:
        self._came_before, self._came = self._came, 0
        self._decide()

    def _decide(self) -> None:
        now, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._decide)
        there = (each for each in now if not each.decided.done())  # some clients left
        for surrogate, group in groupby(there, key=lambda each: each.surrogate):
            _resolve(surrogate, list(group))


def _resolve(surrogate: LoadedSurrogate, waiting: Sequence[_PendingDecision]) -> None:
    try:
        found = surrogate.decide_all([each.text for each in waiting])
        for each, prediction in zip(waiting, found, strict=True):
            each.decided.set_result(prediction)
    except BaseException as error:  # noqa: BLE001 - who waits is told whatever it is
        if len(waiting) == 1:
            waiting[0].decided.set_exception(error)
            return
        for each in waiting:  # one text shall not spoil what others get
            _resolve(surrogate, [each])
