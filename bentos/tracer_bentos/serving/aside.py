"""Decisions that take long, made beside the event loop and given up in time.

A transformer takes milliseconds and an endpoint as long as its network does. Neither
may hold other requests up, nor its own for long: the teacher answers.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from tracer_bentos.packaging.endpoint_use import waited_here
from tracer_bentos.serving.decide import Prediction, Surrogate

__all__ = ["Aside", "Decided"]

_COMPUTING: Final = 8
"""Transformers at once; more would only take the processor from each other."""
_ASKING: Final = 64
"""Decisions that ask an endpoint at once; one that is held up keeps its place."""


class Decided(NamedTuple):
    """A prediction, and how it came about."""

    prediction: Prediction
    """The prediction."""
    waited: float
    """Seconds of it that were waiting for an endpoint, or for a place to ask it."""


class Aside:
    """Makes decisions in threads of its own; a request waits for so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._computing = ThreadPoolExecutor(_COMPUTING, "decision")
        self._asking = ThreadPoolExecutor(_ASKING, "question")

    async def decide(self, surrogate: Surrogate, text: str) -> Decided:
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


def _decide(surrogate: Surrogate, text: str, came: float) -> Decided:
    queued, before = time.perf_counter() - came, waited_here()
    prediction = surrogate.decide(text)
    return Decided(prediction, queued + waited_here() - before)
