"""The sticky split: who is handed over stays so, and nobody is lost on the way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from openai import AuthenticationError

from support.serving_plane import Plane, serving
from support.serving_teacher import Teacher, teaching
from tracer_core.contracts.policy import Diversion, PolicyDocument, RevisionPolicy

SESSIONS = [f"session-{number}" for number in range(60)]


def handing_over(share: float, url: str, generation: int = 1) -> PolicyDocument:
    divert = Diversion(revision=2, share=share, url=url)
    policy = RevisionPolicy(divert=divert)
    return PolicyDocument(generation=generation, revisions={"1": policy})


@asynccontextmanager
async def two_revisions(
    folder: Path, teacher: Teacher
) -> AsyncIterator[tuple[Plane, Plane]]:
    async with (
        serving(teacher.url, folder / "stable") as stable,
        serving(teacher.url, folder / "candidate", revision=2) as candidate,
    ):
        yield stable, candidate


async def ask(plane: Plane, session: str, **parameters: object) -> None:
    answer = await plane.client().chat.completions.create(
        model="gpt-test",
        messages=[{"role": "user", "content": f"Refund {session}"}],
        extra_headers={"x-session-id": session},
        **parameters,
    )
    if not parameters:
        assert answer.choices[0].message.content == "refund"


async def taken(plane: Plane) -> tuple[int, int]:
    counts = (await plane.evidence()).requests
    return counts.requests, counts.diverted


async def test_a_session_once_handed_over_stays_there_as_the_share_rises(
    tmp_path: Path,
) -> None:
    gone: list[set[str]] = []
    async with (
        teaching() as teacher,
        two_revisions(tmp_path, teacher) as (stable, candidate),
    ):
        for generation, share in enumerate((0.0, 0.2, 0.6, 1.0), start=1):
            await stable.push(handing_over(share, candidate.url, generation))
            before = (await taken(stable))[1]
            handed = set()
            for session in SESSIONS:
                await ask(stable, session)
                now = (await taken(stable))[1]
                if now > before:
                    handed.add(session)
                before = now
            gone.append(handed)
        by_candidate = (await candidate.evidence()).requests
        by_stable = (await stable.evidence()).requests
    assert gone[0] == set()
    assert gone[0] <= gone[1] <= gone[2] <= gone[3] == set(SESSIONS)
    assert 3 <= len(gone[1]) <= 25
    assert by_candidate.requests == by_stable.diverted == sum(map(len, gone))
    assert by_stable.requests + by_candidate.requests == 4 * len(SESSIONS)


async def test_a_candidate_that_is_away_leaves_the_request_with_the_stable_pod(
    tmp_path: Path,
) -> None:
    async with teaching() as teacher, serving(teacher.url, tmp_path) as stable:
        await stable.push(handing_over(1.0, "http://127.0.0.1:9"))
        await ask(stable, "s")
        assert await taken(stable) == (1, 0)


async def test_a_candidate_that_cannot_take_it_leaves_it_too(tmp_path: Path) -> None:
    broken = Teacher(refusal=(503, b"no endpoints"))
    async with (
        teaching() as teacher,
        teaching(broken) as front,
        serving(teacher.url, tmp_path) as stable,
    ):
        await stable.push(handing_over(1.0, front.url.removesuffix("/v1")))
        await ask(stable, "s")
        assert await taken(stable) == (1, 0)
    assert len(broken.seen) == 1


async def test_a_request_that_was_handed_over_is_not_handed_on(tmp_path: Path) -> None:
    async with (
        teaching() as teacher,
        two_revisions(tmp_path, teacher) as (stable, candidate),
    ):
        await stable.push(handing_over(1.0, candidate.url))
        policy = RevisionPolicy(divert=Diversion(revision=1, share=1.0, url=stable.url))
        await candidate.push(PolicyDocument(generation=1, revisions={"2": policy}))
        await ask(stable, "s")
        assert (await taken(stable), await taken(candidate)) == ((0, 1), (1, 0))
    assert teacher.seen[0].header("x-tracer-diverted") is None
    assert teacher.seen[0].header("authorization") == "Bearer sk-client"


async def test_streams_and_the_teachers_errors_come_back_as_they_are(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        two_revisions(tmp_path, teacher) as (stable, candidate),
    ):
        await stable.push(handing_over(1.0, candidate.url))
        stream = await stable.client().chat.completions.create(
            model="gpt-test",
            messages=[{"role": "user", "content": "Refund"}],
            stream=True,
        )
        pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
        teacher.refusal = (401, b'{"error": {"message": "no such key"}}')
        with pytest.raises(AuthenticationError, match="no such key"):
            await ask(stable, "s")
    assert "".join(pieces) == "refund"
