"""Our own time on each leg: what is in it, and what is not."""

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
from tracer_core.contracts.evidence import SLOW_SECONDS, LegEvidence
from tracer_core.contracts.policy import Diversion, PolicyDocument, RevisionPolicy

LONG = 2 * SLOW_SECONDS
HELD = 20 * SLOW_SECONDS


class Ponderer(FirstWord):
    """A surrogate that takes long to decide."""

    @override
    def decide(self, text: str) -> Guess:
        time.sleep(LONG)
        return super().decide(text)

    def read(self, archive: bytes, into: Path, digest: str) -> LoadedSurrogate:
        del archive, into, digest
        return self


async def ask(plane: Plane, text: str) -> str:
    """Give who answered."""
    address = f"{plane.url}/v1/chat/completions"
    async with plane.http.post(address, json=chat_about(text)) as response:
        await response.read()
        return str(response.headers.get("x-tracer-decision", "teacher"))


async def ready(plane: Plane) -> None:
    await until(lambda: plane.data_plane.surrogate_slot.digest == BUNDLE)
    await plane.push(certified(task_of(chat_about("anything")), audit=0))


async def legs(plane: Plane) -> tuple[LegEvidence, LegEvidence]:
    """Give the surrogate's and the teacher's."""
    counts = (await plane.evidence()).requests
    return counts.surrogate_leg, counts.teacher_leg


def test_what_is_slow_is_told_apart_by_a_bucket_of_its_own() -> None:
    assert SLOW_SECONDS in BUCKET_BOUNDS


async def test_a_slow_decision_is_on_the_leg_of_whoever_answers(tmp_path: Path) -> None:
    nothing, one = LegEvidence(), LegEvidence(questions=1, slow=1)
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, Ponderer().read, access=ANYBODY) as plane,
    ):
        await ready(plane)
        assert await ask(plane, "Refund?") == "teacher"
        assert await legs(plane) == (nothing, one)
        assert await ask(plane, "Refund") == "surrogate"
        assert await legs(plane) == (one, one)


async def test_the_leg_of_an_answer_ends_when_it_is_handed_over_whole(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, access=ANYBODY) as plane,
    ):
        await ready(plane)
        sent = await _by_hand(plane, "Refund", LONG)
        found = await legs(plane)
    assert sent[0]["status"] == 200
    assert found == (LegEvidence(questions=1, slow=1), LegEvidence())


async def test_what_the_teacher_takes_is_on_no_leg_of_ours(tmp_path: Path) -> None:
    teacher = Teacher(hold=asyncio.Event())
    async with (
        teaching(teacher),
        serving(teacher.url, tmp_path, access=ANYBODY) as plane,
    ):
        asked = asyncio.create_task(ask(plane, "Refund?"))
        await until(lambda: len(teacher.seen) == 1)
        # It is counted while the teacher still thinks: nothing of that can be in it.
        assert (await legs(plane))[1].questions == 1
        assert teacher.hold
        teacher.hold.set()
        assert await asked == "teacher"


async def test_what_a_candidate_takes_to_decline_is_no_time_of_the_stable_pods(
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
        ours = stable.data_plane.counters.latencies.by_leg[LatencyLeg.TEACHER]
    assert len(candidate.seen) == 1
    assert ours.count == 1
    assert ours.total < HELD


class _Declining(Teacher):
    """A candidate that thinks before it says that it cannot."""

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(HELD)
        self.refusal = (503, b"not now")
        await super().__call__(scope, receive, send)


async def _by_hand(plane: Plane, text: str, seconds: float) -> list[Message]:
    """Ask without a server, over a connection that takes each message slowly."""
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
