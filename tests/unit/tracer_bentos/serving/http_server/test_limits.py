"""Limits of one pod, and the errors above them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from openai import APIStatusError, AsyncOpenAI, RateLimitError

from support.serving_plane import serving, until
from support.serving_teacher import Teacher, teaching
from tracer_core.contracts.runtime_config import LimitsConfig


async def test_a_body_above_the_limit_is_rejected_in_the_format_of_the_api(
    tmp_path: Path,
) -> None:
    limits = LimitsConfig(request_bytes=1000)
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, limits=limits) as plane,
    ):
        with pytest.raises(APIStatusError) as refused:
            await plane.client().chat.completions.create(
                model="m", messages=[{"role": "user", "content": "x" * 1000}]
            )
        counts = (await plane.evidence()).requests
    assert (refused.value.status_code, refused.value.code) == (413, "request_too_large")
    assert (counts.refused, counts.failed, teacher.seen) == (1, 0, [])


async def test_a_body_of_unknown_length_is_rejected_above_the_limit(
    tmp_path: Path,
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 200

    limits = LimitsConfig(request_bytes=1000)
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, limits=limits) as plane,
        plane.http.post(f"{plane.url}/v1/chat/completions", data=pieces()) as answer,
    ):
        assert answer.status == 413
    assert teacher.seen == []


async def test_a_large_body_on_another_path_is_forwarded(
    tmp_path: Path,
) -> None:
    limits = LimitsConfig(request_bytes=1000)
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, limits=limits) as plane,
        plane.http.post(f"{plane.url}/v1/files", data=b"x" * 100_000) as answer,
    ):
        assert answer.status == 207
    assert len(teacher.seen[0].body) == 100_000


async def test_a_request_above_the_concurrency_limit_receives_retry_after(
    tmp_path: Path,
) -> None:
    teacher = Teacher(hold=asyncio.Event())
    async with (
        teaching(teacher),
        serving(
            teacher.url, tmp_path, limits=LimitsConfig(concurrent_requests=1)
        ) as plane,
    ):
        client = plane.client()
        first = asyncio.create_task(_ask(client))
        await until(lambda: len(teacher.seen) == 1)
        with pytest.raises(RateLimitError) as refused:
            await _ask(client)
        assert teacher.hold
        teacher.hold.set()
        assert await first == "refund"
        assert await _ask(client) == "refund"
    assert refused.value.response.headers["retry-after"] == "1"
    assert refused.value.code == "rate_limit_exceeded"


async def _ask(client: AsyncOpenAI) -> str:
    answer = await client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "Refund"}]
    )
    return str(answer.choices[0].message.content)
