"""Router latency by leg: which times are included and which are not."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from typing_extensions import override

from support.serving_plane import (
    ANYBODY,
    BUNDLE,
    FirstWord,
    Guess,
    Plane,
    certified,
    serving,
    until,
)
from support.serving_teacher import Teacher, teaching
from support.ticket_bundle import chat_about, task_of
from tracer_bentos.serving.decision.eligibility import LoadedSurrogate
from tracer_bentos.serving.http_server.exchange import Message, Receive, Scope, Send
from tracer_bentos.serving.telemetry.latency import BUCKET_BOUNDS, LatencyLeg
from tracer_core.contracts.counters import LegCounters
from tracer_core.contracts.evidence import SLOW_SECONDS
from tracer_core.contracts.policy import Diversion, PolicyDocument, RevisionPolicy

SLOW = 2 * SLOW_SECONDS
DELAY = 20 * SLOW_SECONDS


class SlowSurrogate(FirstWord):
    """A surrogate with slow decisions."""

    @override
    def decide(self, text: str) -> Guess:
        time.sleep(SLOW)
        return super().decide(text)

    def read(self, archive: bytes, into: Path, digest: str) -> LoadedSurrogate:
        del archive, into, digest
        return self


async def ask(plane: Plane, text: str) -> str:
    """Return the source of the answer."""
    address = f"{plane.url}/v1/chat/completions"
    async with plane.http.post(address, json=chat_about(text)) as response:
        await response.read()
        return str(response.headers.get("x-tracer-decision", "teacher"))


async def prepare(plane: Plane) -> None:
    await until(lambda: plane.data_plane.surrogate_slot.digest == BUNDLE)
    await plane.push(certified(task_of(chat_about("anything")), audit=0))


async def legs(plane: Plane) -> tuple[LegCounters, LegCounters]:
    """Return the evidence of the surrogate leg and the teacher leg."""
    counts = (await plane.evidence()).requests
    return counts.surrogate_leg, counts.teacher_leg


def test_the_threshold_of_slow_requests_is_a_bucket_bound() -> None:
    assert SLOW_SECONDS in BUCKET_BOUNDS


async def test_a_slow_decision_is_counted_on_the_leg_that_answers(
    tmp_path: Path,
) -> None:
    none, slow = LegCounters(), LegCounters(questions=1, slow=1)
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, SlowSurrogate().read, access=ANYBODY) as plane,
    ):
        await prepare(plane)
        assert await ask(plane, "Refund?") == "teacher"
        assert await legs(plane) == (none, slow)
        assert await ask(plane, "Refund") == "surrogate"
        assert await legs(plane) == (slow, slow)


async def test_the_surrogate_leg_ends_when_the_complete_answer_is_sent(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, access=ANYBODY) as plane,
    ):
        await prepare(plane)
        sent = await _call_directly(plane, "Refund", SLOW)
        found = await legs(plane)
    assert sent[0]["status"] == 200
    assert found == (LegCounters(questions=1, slow=1), LegCounters())


async def test_the_legs_of_the_router_exclude_the_time_of_the_teacher(
    tmp_path: Path,
) -> None:
    teacher = Teacher(hold=asyncio.Event())
    async with (
        teaching(teacher),
        serving(teacher.url, tmp_path, access=ANYBODY) as plane,
    ):
        answer = asyncio.create_task(ask(plane, "Refund?"))
        await until(lambda: len(teacher.seen) == 1)
        # The leg is counted before the teacher answers, so it excludes that time.
        assert (await legs(plane))[1].questions == 1
        assert teacher.hold
        teacher.hold.set()
        assert await answer == "teacher"


async def test_the_legs_of_a_stable_pod_exclude_the_time_of_a_candidate_that_declines(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, access=ANYBODY) as stable,
        teaching(_Declining()) as candidate,
    ):
        url = candidate.url.removesuffix("/v1")
        policy = RevisionPolicy(divert=Diversion(revision=2, share=1.0, url=url))
        await stable.push(PolicyDocument(generation=1, revisions={"1": policy}))
        assert await ask(stable, "Refund") == "teacher"
        leg = stable.data_plane.counters.latencies.by_leg[LatencyLeg.TEACHER]
    assert len(candidate.seen) == 1
    assert leg.count == 1
    assert leg.total < DELAY


class _Declining(Teacher):
    """A candidate that declines after a delay."""

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(DELAY)
        self.refusal = (503, b"not now")
        await super().__call__(scope, receive, send)


async def _call_directly(plane: Plane, text: str, seconds: float) -> list[Message]:
    """Send a request without a server, over a connection that is slow to write."""
    sent: list[Message] = []
    body = json.dumps(chat_about(text)).encode()
    messages: list[Message] = [{"type": "http.request", "body": body}]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/v1/chat/completions",
        "raw_path": b"/v1/chat/completions",
        "query_string": b"",
        "headers": [(b"content-length", str(len(body)).encode())],
    }

    async def receive() -> Message:
        return messages.pop()

    async def send(message: Message) -> None:
        await asyncio.sleep(seconds)
        sent.append(message)

    await plane.data_plane.router(scope, receive, send)
    return sent
