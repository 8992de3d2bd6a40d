"""Failures of the teacher and the store, and their effects on clients and status."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from examples.demo.account import Account
from examples.demo.cluster import Cluster
from examples.demo.images import Reference
from examples.demo.install import TEACHER_KEY
from examples.demo.questions import Questions, prepare_questions, system_prompt
from examples.demo.traffic import Clients, Load
from examples.demo.watch import View, Watch
from support.stage import Stage
from tracer_router.api import Condition, ConditionType, RevisionPhase

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

ROUTER = "trouble"
MINIMUM = 1500
STORE = "tracer-router-store"
TEACHER = "recorded-teacher"
WATCHED_SECONDS = 20
OK = 200

_PLANT = """
import datetime, os
import zstandard
from tracer_bentos.store import open_store
from tracer_core.contracts.store.layout import segment_key
from tracer_core.contracts.runtime_config import RuntimeConfig
key = segment_key(datetime.datetime.now(datetime.timezone.utc), "planted", 1)
lines = b'{"input": "half a line\\n{"input": "whole", "teacher": "card_arrival"}\\n'
store = open_store(RuntimeConfig.from_environment(os.environ).traces.store)
store.write(key, zstandard.compress(lines))
print(key)
"""
_SABOTAGE = """
import os, time
from tracer_bentos.store import open_store
from tracer_core.contracts.runtime_config import RuntimeConfig
config, done = RuntimeConfig.from_environment(os.environ), set()
store = open_store(config.traces.store)
end = time.monotonic() + 600
print("watching")
while time.monotonic() < end:
    for key in set(store.list("bundles/")) - done:
        store.write(key, b"not what was certified")
        done.add(key)
        print("corrupted", key)
    time.sleep(0.1)
"""


@dataclass(slots=True)
class Story:
    """The observations during each failure."""

    stage: Stage
    explained: str = ""
    refused: httpx.Response | None = None
    unreachable: Condition | None = None
    reachable_again: Condition | None = None
    planted: str = ""
    sabotage: str = ""
    corrupt: View | None = None
    weights: list[int] = field(default_factory=list)
    account: Account = field(default_factory=Account)
    without_store: Account = field(default_factory=Account)
    store_down: View | None = None


@pytest.fixture(scope="module")
def story(cluster: Cluster, images: dict[str, Reference]) -> Iterator[Story]:
    stage = Stage(cluster, images, "e2e-trouble")
    stage.install()
    # Answers come fast here: the troubles are the story, not the waiting.
    stage.kubectl("set", "env", f"deployment/{TEACHER}", "TEACHER_LATENCY_SCALE=0.2")
    manifest = stage.router(ROUTER, training={"minimumTraces": MINIMUM})
    cluster.apply(stage.namespace, manifest)
    played = Story(stage)
    asyncio.run(_play(played))
    yield played
    stage.remove()


async def _play(story: Story) -> None:
    stage, questions = story.stage, prepare_questions()
    clients, watch = stage.clients(questions, Load()), stage.watch(ROUTER)
    try:
        await watch.until("a router that takes requests", View.serves, 120)
        await clients.send(questions.held_back[:20])
        await watch.until("the first traces", _captured, 120)
        story.explained = stage.explain(ROUTER)
        await _lose_the_teacher(story, watch, questions)
        story.planted = stage.run_python("plant", ROUTER, _PLANT).strip()
        await _corrupt_the_bento(story, watch, clients, questions)
        story.account = clients.account
        clients.account = Account(story.account.labels)
        await _lose_the_store(story, watch, clients, questions)
        story.without_store = clients.account
    finally:
        await clients.close()


async def _lose_the_teacher(story: Story, watch: Watch, questions: Questions) -> None:
    stage, kind = story.stage, ConditionType.TEACHER_REACHABLE
    stage.scale(TEACHER, 0)
    story.refused = await _ask(stage, questions)
    view = await watch.until("a lost teacher", lambda it: _is(it, kind, "False"), 60)
    story.unreachable = _condition(view, kind)
    stage.scale(TEACHER, 1)
    # The new pod is ready before every proxy knows its address.
    async with asyncio.timeout(60):
        while (await _ask(stage, questions)).status_code != OK:  # noqa: ASYNC110 - a proxy raises no event
            await asyncio.sleep(1)
    view = await watch.until("a found teacher", lambda it: _is(it, kind, "True"), 60)
    story.reachable_again = _condition(view, kind)


async def _corrupt_the_bento(
    story: Story, watch: Watch, clients: Clients, questions: Questions
) -> None:
    stage = story.stage
    stage.start_python("saboteur", ROUTER, _SABOTAGE)
    running = ("--for=condition=Ready", "--timeout=60s")
    stage.kubectl("wait", "pod/saboteur", *running)
    watch.listeners.append(lambda view: story.weights.append(view.weight))
    traffic = asyncio.create_task(clients.send(questions.endless()))
    try:
        await watch.until("an attempt", lambda it: bool(it.router.status.attempts), 240)
        await watch.until("a candidate", _candidate, 240)
        await watch.until("its trouble", _passing_through, 120)
        await asyncio.sleep(WATCHED_SECONDS)
        story.corrupt = await watch.until("a last look", lambda _: True, 10)
    finally:
        clients.pause()
        await traffic
    story.sabotage = stage.kubectl("logs", "saboteur")
    stage.kubectl("delete", "pod", "saboteur")


async def _lose_the_store(
    story: Story, watch: Watch, clients: Clients, questions: Questions
) -> None:
    stage = story.stage
    stage.scale(STORE, 0)
    for revision in (0, 1):
        stage.kubectl("rollout", "restart", f"deployment/{ROUTER}-r{revision}")
    for revision in (0, 1):
        what = f"deployment/{ROUTER}-r{revision}"
        stage.kubectl("rollout", "status", what, "--timeout=2m")
    await clients.send(questions.held_back[20:120])
    story.store_down = await watch.until("pods without a bundle", _passing_through, 90)
    stage.scale(STORE, 1)


def test_explain_says_how_many_traces_are_missing(story: Story) -> None:
    assert f"{MINIMUM - 20} more" in story.explained


def test_a_lost_teacher_is_named_with_its_cause(story: Story) -> None:
    assert story.unreachable is not None
    assert story.unreachable.reason == "TeacherUnreachable"
    assert "recorded-teacher" in story.unreachable.message


def test_a_lost_teacher_gives_clients_the_teachers_own_kind_of_error(
    story: Story,
) -> None:
    assert story.refused is not None
    body: dict[str, Any] = story.refused.json()

    assert story.refused.status_code >= 500
    assert set(body["error"]) >= {"message", "type", "code"}


def test_a_teacher_that_is_back_is_reachable_again(story: Story) -> None:
    assert story.reachable_again is not None
    assert story.reachable_again.status == "True"


def test_an_unreadable_line_is_counted_and_named_and_the_rest_is_used(
    story: Story,
) -> None:
    assert story.corrupt is not None
    revision = story.corrupt.revisions[1]

    reason = revision.status.reason or ""

    assert "1 unreadable trace line" in reason
    assert f"{story.planted}:1" in reason


def test_a_corrupt_bento_never_answers_and_its_weight_never_rises(
    story: Story,
) -> None:
    assert "corrupted bundles/" in story.sabotage
    assert set(story.weights) == {0}
    assert story.account.by_surrogate == 0
    assert story.account.failures == []


def test_a_pod_with_a_corrupt_bento_says_why_it_passes_everything(
    story: Story,
) -> None:
    assert story.corrupt is not None
    missing = story.corrupt.router.status.next or ""

    assert "passes everything to the teacher" in missing
    assert "in the revision" in missing


def test_with_the_store_down_at_start_the_teacher_answers(story: Story) -> None:
    assert story.store_down is not None
    assert story.without_store.failures == []
    assert story.without_store.decisions == {"teacher": 100}
    assert set(story.weights) == {0}


async def _ask(stage: Stage, questions: Questions) -> httpx.Response:
    messages = [
        {"role": "system", "content": system_prompt(questions.labels)},
        {"role": "user", "content": questions.held_back[0].text},
    ]
    headers = {"Host": stage.host, "Authorization": f"Bearer {TEACHER_KEY}"}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        return await client.post(
            f"{stage.cluster.gateway_url}/v1/chat/completions",
            json={"model": "gpt-4", "messages": messages},
            headers=headers,
        )


def _condition(view: View, kind: ConditionType) -> Condition | None:
    conditions = view.router.status.conditions
    return next((found for found in conditions if found.type == kind), None)


def _is(view: View, kind: ConditionType, status: str) -> bool:
    condition = _condition(view, kind)
    return condition is not None and condition.status == status


def _captured(view: View) -> bool:
    traces = view.router.status.traces
    return traces is not None and traces.labelled == 20


def _candidate(view: View) -> bool:
    return view.in_phase(RevisionPhase.SHADOW) is not None


def _passing_through(view: View) -> bool:
    return "passes everything to the teacher: " in (view.router.status.next or "")
