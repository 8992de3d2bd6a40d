"""The interface of compute engines for the independent pieces of an attempt.

A piece is a pure function with bound arguments, so the engine changes the run time but
not the result.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar, cast

from threadpoolctl import (  # type: ignore[import-untyped] # publishes no types
    threadpool_limits,
)

__all__ = ["ComputeEngine", "LocalEngine", "one_thread_each"]

Result = TypeVar("Result")


def one_thread_each() -> AbstractContextManager[object]:
    """Limit libraries to one thread: the order of sums is the same on each machine."""
    return cast("AbstractContextManager[object]", threadpool_limits(limits=1))


class ComputeEngine(Protocol):
    """Computes pieces in parallel."""

    def run(self, pieces: Sequence[Callable[[], Result]]) -> list[Result]:
        """Return the results of the pieces, in their order."""


class LocalEngine:
    """Threads of this process; the solvers release the global interpreter lock."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or os.cpu_count() or 1

    def run(self, pieces: Sequence[Callable[[], Result]]) -> list[Result]:
        """Return the results of the pieces, in their order."""
        with one_thread_each(), ThreadPoolExecutor(self._workers) as pool:
            return list(pool.map(lambda piece: piece(), pieces))
