"""The cache: disabled by default, per caller, with a lifetime, counted separately."""

from pathlib import Path
from typing import Any

import pytest

from support.serving_plane import Plane, certified, serving
from support.serving_teacher import Teacher, teaching
from tracer_core.contracts.runtime_config import CacheConfig

SIZE = CacheConfig(entries=2, ttl_seconds=600.0)


async def ask(
    plane: Plane, text: str, key: str = "sk-client", **more: Any
) -> tuple[str, str]:
    """Return the answer and its source."""
    raw = await plane.client(key).chat.completions.with_raw_response.create(
        model="gpt-test", messages=[{"role": "user", "content": text}], **more
    )
    content = raw.parse().choices[0].message.content
    return str(content), str(raw.headers.get("x-tracer-decision", "teacher"))


async def disable_audits(plane: Plane) -> None:
    """Sample no request: the uniform sample is never answered from the cache."""
    task = (await plane.evidence()).tasks[0].task
    await plane.push(certified(task, audit=0.0, surrogate=False))


async def test_an_exact_repeat_of_the_same_caller_is_answered_from_the_cache(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, cache=SIZE) as plane,
    ):
        first = await ask(plane, "Refund one")
        await disable_audits(plane)
        answers = [
            await ask(plane, "Refund one"),
            await ask(plane, "Refund one", temperature=1),
            await ask(plane, "Refund two"),
            await ask(plane, "Refund one", key="sk-other"),
        ]
        evidence = await plane.evidence()
    assert first == ("refund", "teacher")
    assert [by for _, by in answers] == ["cache", "teacher", "teacher", "teacher"]
    assert answers[0][0] == "refund"
    assert len(teacher.seen) == 4
    counts, by_task = evidence.requests, evidence.tasks[0]
    assert (counts.cached, counts.teacher, counts.surrogate) == (1, 4, 0)
    assert (by_task.cached, by_task.answered) == (1, 0)
    assert float(by_task.cost_cached) == pytest.approx(0.0011)
    assert by_task.cost_saved == 0


async def test_sampled_and_forced_requests_are_answered_by_the_teacher(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, cache=SIZE) as plane,
    ):
        force = {"extra_headers": {"x-tracer-force": "teacher"}}
        await ask(plane, "Refund")
        sampled = await ask(plane, "Refund")
        await disable_audits(plane)
        forced = await ask(plane, "Refund", **force)
    assert (sampled[1], forced[1], len(teacher.seen)) == ("teacher", "teacher", 3)


async def test_a_key_that_the_teacher_rejected_receives_no_cached_answer(
    tmp_path: Path,
) -> None:
    teacher = Teacher()
    async with (
        teaching(teacher),
        serving(teacher.url, tmp_path, cache=SIZE) as plane,
    ):
        await ask(plane, "Refund")
        await disable_audits(plane)
        assert (await ask(plane, "Refund"))[1] == "cache"
        authenticator = plane.data_plane.router._authenticator  # noqa: SLF001 - as after the lifetime
        authenticator._accepted_keys._accepted.clear()  # noqa: SLF001
        assert (await ask(plane, "Refund"))[1] == "teacher"


async def test_the_least_recently_used_entry_is_evicted_and_all_expire(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, cache=SIZE) as plane,
    ):
        await ask(plane, "one")
        await disable_audits(plane)
        for text in ("two", "one", "three", "one", "two"):
            await ask(plane, text)
        assert [seen.document["messages"][0]["content"] for seen in teacher.seen] == [
            "one",
            "two",
            "three",
            "two",
        ]
    at_once = CacheConfig(entries=2, ttl_seconds=0.0)
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path / "b", cache=at_once) as plane,
    ):
        await ask(plane, "one")
        await disable_audits(plane)
        assert (await ask(plane, "one"))[1] == "teacher"


async def test_the_cache_is_disabled_by_default(tmp_path: Path) -> None:
    async with teaching() as teacher, serving(teacher.url, tmp_path) as plane:
        await ask(plane, "Refund")
        await disable_audits(plane)
        assert (await ask(plane, "Refund"))[1] == "teacher"
