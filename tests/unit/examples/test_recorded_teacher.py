"""The recorded teacher can be changed under its name, as real ones are."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from examples.recorded_teacher.app import RecordedTeacher, Settings
from examples.recorded_teacher.recordings import Recording

TEXTS = tuple(f"question {number}" for number in range(200))
RECORDINGS = {text: Recording(text, "yes", "gold") for text in TEXTS} | {
    "other": Recording("other", "no", "gold")
}


@pytest.fixture
async def teacher() -> AsyncIterator[httpx.AsyncClient]:
    # The whole application is called; nothing but the sockets is left out.
    app: Any = RecordedTeacher(RECORDINGS, Settings(latency_scale=0))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        yield client


async def _answers(teacher: httpx.AsyncClient) -> list[str]:
    found = []
    for text in TEXTS:
        messages = [{"role": "user", "content": text}]
        body = {"model": "gpt-4", "messages": messages}
        answer = await teacher.post("/v1/chat/completions", json=body)
        found.append(str(answer.json()["choices"][0]["message"]["content"]))
    return found


async def test_a_teacher_answers_as_recorded(teacher: httpx.AsyncClient) -> None:
    assert set(await _answers(teacher)) == {"yes"}


async def test_a_changed_teacher_answers_that_share_otherwise(
    teacher: httpx.AsyncClient,
) -> None:
    await teacher.post("/v1/recorded/changed", json={"share": 0.4})

    changed = (await _answers(teacher)).count("no")

    # Five standard errors of 200 draws.
    assert abs(changed / 200 - 0.4) < 5 * (0.4 * 0.6 / 200) ** 0.5


async def test_a_teacher_can_be_changed_back(teacher: httpx.AsyncClient) -> None:
    await teacher.post("/v1/recorded/changed", json={"share": 1})
    await teacher.post("/v1/recorded/changed", json={"share": 0})

    assert set(await _answers(teacher)) == {"yes"}


@pytest.mark.parametrize("share", [-1, 2, "half", None])
async def test_what_is_no_share_is_refused(
    teacher: httpx.AsyncClient, share: object
) -> None:
    answer = await teacher.post("/v1/recorded/changed", json={"share": share})

    assert answer.status_code == 400
