"""A de-duplicating work queue: one worker per key, with back-off per key."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

__all__ = ["Key", "Reconcile", "WorkQueue", "backoff"]

_LOG = logging.getLogger(__name__)
_FIRST_DELAY = timedelta(seconds=1)
_MAX_DELAY = timedelta(seconds=120)
_MAX_DOUBLINGS = 10
"""Doublings of the first delay after which it exceeds the maximum in any case."""

Key = tuple[str, str]
"""Namespace and name of a router."""

Reconcile = Callable[[Key], Awaitable[timedelta | None]]
"""Reconciles a router, and returns the delay until the next reconcile, if any."""


def backoff(failures: int) -> timedelta:
    """Return the delay before the next reconcile, which doubles up to two minutes.

    Args:
        failures: Number of failed reconciles in a row, at least 1.
    """
    # Without a bound, the factor overflows after a day and a half of failures.
    factor = 1 << min(failures - 1, _MAX_DOUBLINGS)
    return min(_FIRST_DELAY * factor, _MAX_DELAY)


@dataclass
class WorkQueue:
    """Keys that are ready, running, or delayed; a key never runs twice at once."""

    workers: int = 4
    _ready: asyncio.Queue[Key] = field(default_factory=asyncio.Queue)
    _waiting: set[Key] = field(default_factory=set)
    _running: set[Key] = field(default_factory=set)
    _again: set[Key] = field(default_factory=set)
    _timers: dict[Key, asyncio.TimerHandle] = field(default_factory=dict)
    _failures: dict[Key, int] = field(default_factory=dict)

    def add(self, key: Key) -> None:
        """Add a key to reconcile; added several times, it is reconciled once."""
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
        if key in self._running:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.put_nowait(key)

    def add_after(self, key: Key, delay: timedelta) -> None:
        """Add a key that is reconciled after a delay, unless it is added before."""
        if key in self._waiting:
            return
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._timers[key] = loop.call_later(delay.total_seconds(), self.add, key)

    async def run(self, reconcile: Reconcile) -> None:
        """Reconcile keys until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.workers):
                group.create_task(self._work(reconcile))

    async def _work(self, reconcile: Reconcile) -> None:
        while True:
            key = await self._ready.get()
            self._waiting.discard(key)
            self._running.add(key)
            try:
                delay = await self._attempt(key, reconcile)
            finally:
                self._running.discard(key)
            if key in self._again:
                self._again.discard(key)
                self.add(key)
            elif delay is not None:
                self.add_after(key, delay)

    async def _attempt(self, key: Key, reconcile: Reconcile) -> timedelta | None:
        try:
            delay = await reconcile(key)
        except Exception:  # noqa: BLE001 - a failed router must not stop the others
            failures = self._failures.get(key, 0) + 1
            self._failures[key] = failures
            delay = backoff(failures)
            seconds = delay.total_seconds()
            _LOG.exception("reconcile of %s/%s failed; retry in %.0f s", *key, seconds)
            return delay
        self._failures.pop(key, None)
        return delay
