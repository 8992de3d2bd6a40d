"""Where independent pieces of an attempt are computed; the result is the same anywhere.

A piece is a pure function with its arguments bound, so an engine only decides about
time, never about a figure.
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
    """Keep libraries to one thread: the same sums in the same order on any machine."""
    return cast("AbstractContextManager[object]", threadpool_limits(limits=1))


class ComputeEngine(Protocol):
    """Computes pieces side by side."""

    def run(self, pieces: Sequence[Callable[[], Result]]) -> list[Result]:
        """Give the result of every piece, in their order."""


class LocalEngine:
    """Threads of this process: the solvers let go of the interpreter's lock."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or os.cpu_count() or 1

    def run(self, pieces: Sequence[Callable[[], Result]]) -> list[Result]:
        """Give the result of every piece, in their order."""
        with one_thread_each(), ThreadPoolExecutor(self._workers) as pool:
            return list(pool.map(lambda piece: piece(), pieces))
