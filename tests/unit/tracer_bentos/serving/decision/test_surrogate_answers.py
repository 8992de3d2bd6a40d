"""The surrogate answers only certified requests."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletion

from support.serving_plane import (
    ANYBODY,
    BUNDLE,
    PROMPT,
    Plane,
    certified,
    serving,
    until,
)
from support.serving_teacher import Teacher, teaching
from tracer_bentos.protocols.openai_chat.adapter import OpenAIChat
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.policy import PolicyDocument, RevisionPolicy


def request_of(text: str, **changes: Any) -> dict[str, Any]:
    messages = [
        {"role": "system", "content": PROMPT},
        {"role": "user", "content": text},
    ]
    return {"model": "gpt-test", "messages": messages, **changes}


def task_of(**changes: Any) -> str:
    body = json.dumps(request_of("anything", **changes)).encode()
    request = OpenAIChat().parse_request(body)
    assert request
    return TaskRegistry().identify(request).task


async def ask(client: AsyncOpenAI, text: str, **changes: Any) -> ChatCompletion:
    headers = changes.pop("extra_headers", None)
    request = request_of(text, **changes)
    answer = await client.chat.completions.create(**request, extra_headers=headers)
    assert isinstance(answer, ChatCompletion)
    return answer


def answered_by(answer: ChatCompletion) -> str:
    return "teacher" if answer.id == "chatcmpl-teacher" else "surrogate"


async def wait_until_loaded(plane: Plane) -> None:
    await until(lambda: plane.data_plane.surrogate_slot.digest == BUNDLE)


async def test_a_certified_task_is_answered_in_the_format_of_the_teacher(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, access=ANYBODY) as plane,
    ):
        await wait_until_loaded(plane)
        await plane.push(certified(task_of(), audit=0))
        raw = await plane.client().chat.completions.with_raw_response.create(
            **request_of("Refund my order")
        )
        answer = raw.parse()
    assert answer.choices[0].message.content == "refund"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage
    assert answer.usage.total_tokens == 0
    assert answer.id.startswith("chatcmpl-")
    assert raw.headers["x-tracer-decision"] == "surrogate"
    assert raw.headers["x-tracer-revision"] == "1"
    assert raw.headers["x-tracer-cell"] == "word refund"
    assert teacher.seen == []


async def test_the_official_client_reads_a_stream_of_the_surrogate(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, access=ANYBODY) as plane,
    ):
        await wait_until_loaded(plane)
        await plane.push(certified(task_of(), audit=0))
        stream = await plane.client().chat.completions.create(
            **request_of("Refund my order"),
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    deltas = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert "".join(delta or "" for delta in deltas) == "refund"
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]][-1] == "stop"
    assert chunks[-1].usage
    assert chunks[-1].usage.total_tokens == 0
    assert teacher.seen == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"temperature": 0.5}, "task-not-certified"),
        ({"extra_headers": {"x-tracer-force": "teacher"}}, "forced"),
        ({"text": "Refund my order?"}, "not-accepted"),
        ({"text": "broken input"}, "surrogate-failed"),
        ({"text": "panic now"}, "surrogate-failed"),
    ],
)
async def test_the_teacher_answers_everything_that_is_not_certified(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, access=ANYBODY) as plane,
    ):
        await wait_until_loaded(plane)
        await plane.push(certified(task_of(), audit=0))
        request = {"text": "Refund my order"} | changes
        answer = await ask(plane.client(), **request)
        deferrals = plane.data_plane.counters.deferrals
    assert answered_by(answer) == "teacher"
    assert dict(deferrals) == {reason: 1}


async def test_concurrent_requests_receive_their_own_answers(
    tmp_path: Path,
) -> None:
    texts = [f"{word} my order" for word in ("refund", "cancel", "panic")] * 30
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, access=ANYBODY) as plane,
    ):
        await wait_until_loaded(plane)
        await plane.push(certified(task_of(), audit=0))
        client = plane.client()
        answers = await asyncio.gather(*(ask(client, text) for text in texts))
        deferrals = plane.data_plane.counters.deferrals
    for text, answer in zip(texts, answers, strict=True):
        word = text.partition(" ")[0]
        if word == "panic":
            assert answered_by(answer) == "teacher"
        else:
            assert answer.choices[0].message.content == word
            assert answered_by(answer) == "surrogate"
    assert dict(deferrals) == {"surrogate-failed": 30}


@pytest.mark.parametrize(
    "policy",
    [
        RevisionPolicy(surrogate=False, audit=0, bundle=BUNDLE, tasks=("T",)),
        RevisionPolicy(
            surrogate=True, audit=0, bundle=sha256_digest(b"other"), tasks=("T",)
        ),
        RevisionPolicy(surrogate=True, audit=0, bundle=BUNDLE),
    ],
    ids=["switched off", "another bundle", "no task"],
)
async def test_the_surrogate_answers_only_if_the_policy_allows_it(
    tmp_path: Path, policy: RevisionPolicy
) -> None:
    tasks = (task_of(),) if policy.tasks else ()
    policy = policy.model_copy(update={"tasks": tasks})
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, access=ANYBODY) as plane,
    ):
        await wait_until_loaded(plane)
        await plane.push(PolicyDocument(generation=1, revisions={"1": policy}))
        answer = await ask(plane.client(), "Refund my order")
    assert answered_by(answer) == "teacher"


async def test_the_surrogate_answers_a_caller_only_after_the_teacher_accepted_it(
    tmp_path: Path,
) -> None:
    async with teaching() as teacher, serving(teacher.url, tmp_path) as plane:
        await wait_until_loaded(plane)
        await plane.push(certified(task_of(), audit=0))
        mine, other = plane.client("sk-mine"), plane.client("sk-other")
        answers = [
            answered_by(await ask(client, "Refund my order"))
            for client in (mine, mine, other, mine)
        ]
    assert answers == ["teacher", "surrogate", "teacher", "surrogate"]


async def test_a_task_named_by_header_does_not_depend_on_the_prompt(
    tmp_path: Path,
) -> None:
    named = {"x-tracer-task": "triage"}
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, access=ANYBODY) as plane,
    ):
        await wait_until_loaded(plane)
        await ask(plane.client(), "Refund my order", extra_headers=named)
        task = (await plane.evidence()).tasks[0].task
        await plane.push(certified(task, audit=0))
        answer = await ask(
            plane.client(), "Refund it", temperature=1, extra_headers=named
        )
    assert answered_by(answer) == "surrogate"


async def test_an_older_policy_is_not_applied(tmp_path: Path) -> None:
    async with teaching() as teacher, serving(teacher.url, tmp_path) as plane:
        generations = [
            (await plane.push(certified("t", audit=0, generation=number)))
            for number in (3, 2, 3, 4)
        ]
    applied = [evidence.policy_generation for evidence in generations]
    assert applied == [3, 3, 3, 4]


async def test_audits_are_counted_only_as_a_completed_prefix(tmp_path: Path) -> None:
    hold = asyncio.Event()
    teacher = Teacher(label=lambda _: "refund")
    async with (
        teaching(teacher),
        serving(teacher.url, tmp_path, access=ANYBODY) as plane,
    ):
        await wait_until_loaded(plane)
        await plane.push(certified(task_of(), audit=1))
        teacher.hold = hold
        first = await ask(plane.client(), "Billing is wrong")
        await until(lambda: len(teacher.seen) == 1)
        teacher.hold = None
        await ask(plane.client(), "Refund my order")
        await until(lambda: len(teacher.seen) == 2)
        await asyncio.sleep(0.05)
        between = (await plane.evidence()).tasks[0]
        hold.set()
        await until(lambda: _settled(plane) == 2)
        after = (await plane.evidence()).tasks[0]
        await until(lambda: len(plane.traces()) == 2)
    assert answered_by(first) == "surrogate"
    assert (between.audits_admitted, between.audits_agreed) == (2, 0)
    assert (after.audits_agreed, after.audits_disagreed) == (1, 1)
    assert {trace["decision"] for trace in plane.traces()} == {"surrogate-audited"}
    assert teacher.seen[0].document.get("stream") is None


async def test_a_session_is_audited_once(tmp_path: Path) -> None:
    session = {"x-session-id": "user-7"}
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, access=ANYBODY) as plane,
    ):
        await wait_until_loaded(plane)
        await plane.push(certified(task_of(), audit=1))
        for text in ("Refund this", "Refund that"):
            await ask(plane.client(), text, extra_headers=session)
        await until(lambda: plane.data_plane.counters.traces_written == 2)
        evidence = (await plane.evidence()).tasks[0]
    assert (evidence.audits_admitted, evidence.audits_agreed) == (1, 1)
    assert evidence.uniform_labelled == 2
    assert {trace["uniform"] for trace in plane.traces()} == {True}
    assert len({trace["session"] for trace in plane.traces()}) == 1
    assert "user-7" not in str(plane.traces())


async def test_an_audit_without_an_answer_is_missing(tmp_path: Path) -> None:
    teacher = Teacher(refusal=(500, b"{}"))
    async with (
        teaching(teacher),
        serving(teacher.url, tmp_path, access=ANYBODY) as plane,
    ):
        await wait_until_loaded(plane)
        await plane.push(certified(task_of(), audit=1))
        answer = await ask(plane.client(), "Refund my order")
        await until(lambda: _settled(plane) == 1)
        evidence = (await plane.evidence()).tasks[0]
    assert answered_by(answer) == "surrogate"
    assert (evidence.audits_agreed, evidence.audits_missing) == (0, 1)


async def test_the_savings_are_the_mean_cost_of_the_teacher(
    tmp_path: Path,
) -> None:
    forced = {"x-tracer-force": "teacher"}
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, access=ANYBODY) as plane,
    ):
        await wait_until_loaded(plane)
        await plane.push(certified(task_of(), audit=0))
        await ask(plane.client(), "Refund my order", extra_headers=forced)
        await ask(plane.client(), "Refund my order")
        evidence = (await plane.evidence()).tasks[0]
    cost = Decimal("0.0011")
    assert (evidence.cost_teacher, evidence.cost_saved) == (cost, cost)


async def test_an_archive_with_a_wrong_digest_is_rejected_and_the_teacher_answers(
    tmp_path: Path,
) -> None:
    wrong = sha256_digest(b"another archive")
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, bento_digest=wrong) as plane,
    ):
        await until(
            lambda: "not tried" not in str(plane.data_plane.surrogate_slot.reason)
        )
        await until(lambda: wrong in str(plane.data_plane.surrogate_slot.reason))
        answer = await ask(plane.client(), "Refund my order")
        evidence = await plane.evidence()
        async with plane.http.get(f"{plane.internal}/metrics") as response:
            metrics = await response.text()
        async with plane.http.get(f"{plane.internal}/readyz") as response:
            ready = response.status
    assert (answered_by(answer), ready) == ("teacher", 200)
    assert evidence.surrogate.loaded is None
    assert "this will not be tried again" in str(evidence.surrogate.reason)
    assert "tracer_surrogate_loaded 0.0" in metrics


def _settled(plane: Plane) -> int:
    task = plane.data_plane.counters.tasks()[0]
    return task.audits_agreed + task.audits_disagreed + task.audits_missing
