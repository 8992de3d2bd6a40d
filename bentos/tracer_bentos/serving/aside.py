"""Decisions that take long, made beside the event loop and given up in time.

A transformer takes milliseconds and an endpoint as long as its network does. Neither
may hold other requests up, nor its own for long: the teacher answers.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from tracer_bentos.packaging.endpoint_use import waited_here
from tracer_bentos.serving.decide import Prediction

__all__ = ["Aside", "Decided"]

_PLACES: Final = 8
"""Decisions at once; what an endpoint holds up takes one of them until it is done."""


class Decided(NamedTuple):
    """A prediction, and how it came about."""

    prediction: Prediction
    """The prediction."""
    waited: float
    """Seconds of it that were waiting for an endpoint."""


class Aside:
    """Makes decisions in threads of its own; a request waits for so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(_PLACES, thread_name_prefix="decision")

    async def decide(
        self, surrogate: Callable[[str], Prediction], text: str
    ) -> Decided:
        """Give the prediction.

        Raises:
            TimeoutError: It was not there in time; one not begun is dropped.
        """
        loop = asyncio.get_running_loop()
        made = loop.run_in_executor(self._threads, _decide, surrogate, text)
        return await asyncio.wait_for(made, self._seconds)


def _decide(surrogate: Callable[[str], Prediction], text: str) -> Decided:
    before = waited_here()
    prediction = surrogate(text)
    return Decided(prediction, waited_here() - before)
