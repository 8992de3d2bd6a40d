"""The work queue: one worker per key, no key twice at once, and back-off."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tracer_router.handlers.workqueue import Key, WorkQueue, backoff

KEY: Key = ("default", "tickets")


async def run_for(
    queue: WorkQueue,
    reconcile: Callable[[Key], Awaitable[timedelta | None]],
    seconds: float,
) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await queue.run(reconcile)


async def test_a_key_added_many_times_is_reconciled_once() -> None:
    queue, seen = WorkQueue(), []

    async def reconcile(key: Key) -> None:
        seen.append(key)

    for _ in range(100):
        queue.add(KEY)
    await run_for(queue, reconcile, 0.05)
    assert seen == [KEY]


async def test_a_key_added_while_it_runs_runs_once_more_and_never_twice_at_once() -> (
    None
):
    queue, running, most, runs = WorkQueue(), 0, 0, 0

    async def reconcile(key: Key) -> None:
        nonlocal running, most, runs
        running, runs = running + 1, runs + 1
        most = max(most, running)
        if runs == 1:
            queue.add(key)
            queue.add(key)
        await asyncio.sleep(0.01)
        running -= 1

    queue.add(KEY)
    await run_for(queue, reconcile, 0.1)
    assert (runs, most) == (2, 1)


async def test_a_key_is_reconciled_again_after_the_returned_delay() -> None:
    queue, runs = WorkQueue(), 0

    async def reconcile(key: Key) -> timedelta | None:
        nonlocal runs
        del key
        runs += 1
        return timedelta(milliseconds=5) if runs < 3 else None

    queue.add(KEY)
    await run_for(queue, reconcile, 0.1)
    assert runs == 3


async def test_a_key_that_fails_does_not_stop_the_others() -> None:
    queue, seen = WorkQueue(workers=1), []

    async def reconcile(key: Key) -> None:
        if key == KEY:
            raise RuntimeError("broken")
        seen.append(key)

    queue.add(KEY)
    queue.add(("default", "other"))
    await run_for(queue, reconcile, 0.05)
    assert seen == [("default", "other")]


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(1, 1), (2, 2), (7, 64), (8, 120), (2_000, 120), (10**9, 120)],
)
def test_the_delay_doubles_up_to_two_minutes_for_any_number_of_failures(
    failures: int, seconds: int
) -> None:
    assert backoff(failures) == timedelta(seconds=seconds)
