"""A slow decision delays no other request."""

import asyncio
import threading
from pathlib import Path
from typing import Any

from typing_extensions import override

from support.serving_plane import (
    ANYBODY,
    BUNDLE,
    FirstWord,
    Guess,
    Plane,
    serving,
    until,
)
from support.serving_plane import certified as policy_for
from support.serving_teacher import teaching
from support.ticket_bundle import chat_about, task_of
from tracer_bentos.serving.decision.eligibility import LoadedSurrogate
from tracer_bentos.serving.records import Deferral


class BlockedSurrogate(FirstWord):
    """A surrogate that decides when it is released."""

    costly = True

    def __init__(self) -> None:
        self.started = threading.Event()
        self.released = threading.Event()

    @override
    def decide(self, text: str) -> Guess:
        self.started.set()
        self.released.wait()
        return super().decide(text)

    def read(self, archive: bytes, into: Path, digest: str) -> LoadedSurrogate:
        del archive, into, digest
        return self


async def ask(plane: Plane, text: str, **headers: str) -> tuple[str, str]:
    """Return the answer and its source."""
    address = f"{plane.url}/v1/chat/completions"
    async with plane.http.post(
        address, json=chat_about(text), headers=headers
    ) as response:
        document: dict[str, Any] = await response.json()
        by = response.headers.get("x-tracer-decision", "teacher")
    return document["choices"][0]["message"]["content"], by


async def prepare(plane: Plane) -> None:
    await until(lambda: plane.data_plane.surrogate_slot.digest == BUNDLE)
    await plane.push(policy_for(task_of(chat_about("anything")), audit=0))


async def test_other_requests_are_answered_during_a_slow_decision(
    tmp_path: Path,
) -> None:
    surrogate = BlockedSurrogate()
    async with (
        teaching() as teacher,
        serving(
            teacher.url,
            tmp_path,
            surrogate.read,
            access=ANYBODY,
            decision_seconds=60.0,
        ) as plane,
    ):
        await prepare(plane)
        waiting = asyncio.create_task(ask(plane, "refund my order"))
        await until(surrogate.started.is_set)
        other = await ask(plane, "hello there", **{"x-tracer-force": "teacher"})
        assert not waiting.done()
        surrogate.released.set()
        assert await waiting == ("refund", "surrogate")
    assert other == ("hello", "teacher")


async def test_the_teacher_answers_if_a_decision_exceeds_the_timeout(
    tmp_path: Path,
) -> None:
    surrogate = BlockedSurrogate()
    async with (
        teaching() as teacher,
        serving(
            teacher.url,
            tmp_path,
            surrogate.read,
            access=ANYBODY,
            decision_seconds=0.05,
        ) as plane,
    ):
        await prepare(plane)
        # More requests than threads: those that did not start time out as well.
        late = await asyncio.gather(*[ask(plane, f"refund {n}") for n in range(20)])
        counted = plane.data_plane.counters.deferrals[Deferral.SURROGATE_LATE]
        surrogate.released.set()
        # The threads are available again after their decisions end.
        async with asyncio.timeout(60):
            while (await ask(plane, "refund again"))[1] != "surrogate":
                pass
    assert late == [("refund", "teacher")] * 20
    assert counted == 20
