"""A pod stops its surrogate after a gross failure, also after a restart."""

from functools import partial
from pathlib import Path

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
from tracer_bentos.serving.decision.circuit_breaker import CircuitBreaker
from tracer_bentos.serving.telemetry.ordered_results import AuditOutcome
from tracer_core.contracts.policy import PolicyDocument

OTHER = "sha256:" + "c" * 64


async def answered_by(plane: Plane) -> str:
    raw = await plane.client().chat.completions.with_raw_response.create(
        model="gpt-test",
        messages=[
            {"role": "system", "content": PROMPT},
            {"role": "user", "content": "Refund please"},
        ],
    )
    return str(raw.headers.get("x-tracer-decision", "teacher"))


async def test_the_breaker_stops_a_surrogate_that_always_disagrees(
    tmp_path: Path,
) -> None:
    teacher = Teacher(label=lambda _: "something else")
    async with (
        teaching(teacher),
        serving(teacher.url, tmp_path, access=ANYBODY) as plane,
    ):
        await answered_by(plane)
        task = (await plane.evidence()).tasks[0].task
        await plane.push(certified(task, audit=1.0))
        answered = 0
        while await answered_by(plane) == "surrogate":
            answered += 1
            await until(partial(_all_counted, plane, task, answered))
        evidence = await plane.evidence()
    assert answered < 12
    assert evidence.tasks[0].stopped
    async with (
        teaching(teacher),
        serving(teacher.url, tmp_path, access=ANYBODY) as again,
    ):
        await again.push(certified(task, audit=0.0))
        assert await answered_by(again) == "teacher"
        assert (await again.evidence()).tasks[0].stopped


def _all_counted(plane: Plane, task: str, audits: int) -> bool:
    return sum(plane.data_plane.counters.task(task).audits.counted.values()) == audits


async def test_a_stop_by_another_pod_applies_through_the_policy(tmp_path: Path) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, access=ANYBODY) as plane,
    ):
        await answered_by(plane)
        task = (await plane.evidence()).tasks[0].task
        await plane.push(certified(task, audit=0.0))
        assert await answered_by(plane) == "surrogate"
        policy = certified(task, audit=0.0).build(1)
        stopped = policy.model_copy(update={"stopped": (task,)})
        await plane.push(PolicyDocument(generation=2, revisions={"1": stopped}))
        assert await answered_by(plane) == "teacher"
        evidence = await plane.evidence()
    assert not evidence.tasks[0].stopped


def test_the_state_is_restored_only_for_the_same_bundle(
    tmp_path: Path,
) -> None:
    first = CircuitBreaker(tmp_path, BUNDLE)
    for _ in range(5):
        first.record("t", AuditOutcome.DISAGREED, 0.95)
    first.save()
    assert not first.stopped
    stops = {}
    for bundle in (BUNDLE, OTHER):
        again = CircuitBreaker(tmp_path, bundle)
        again.load()
        for _ in range(3):
            again.record("t", AuditOutcome.DISAGREED, 0.95)
        stops[bundle] = again.stopped
    assert stops == {BUNDLE: {"t"}, OTHER: set()}


def test_an_unreadable_state_file_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "demotion.json").write_text("{")
    breaker = CircuitBreaker(tmp_path, BUNDLE)
    breaker.load()
    assert breaker.stopped == set()


def test_missing_audits_never_open_the_breaker(tmp_path: Path) -> None:
    breaker = CircuitBreaker(tmp_path, BUNDLE)
    for _ in range(1000):
        breaker.record("t", AuditOutcome.MISSING, 0.95)
    assert breaker.stopped == set()
