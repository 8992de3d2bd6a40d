"""The sticky split: sessions stay with the candidate and no request is lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from openai import AuthenticationError

from support.serving_plane import Plane, serving
from support.serving_teacher import Teacher, teaching
from tracer_core.contracts.policy import Diversion, PolicyDocument, RevisionPolicy

SESSIONS = [f"session-{number}" for number in range(60)]


def policy_with_share(share: float, url: str, generation: int = 1) -> PolicyDocument:
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


async def count_requests(plane: Plane) -> tuple[int, int]:
    counts = (await plane.evidence()).requests
    return counts.requests, counts.diverted


async def test_a_forwarded_session_stays_with_the_candidate_while_the_share_rises(
    tmp_path: Path,
) -> None:
    forwarded: list[set[str]] = []
    async with (
        teaching() as teacher,
        two_revisions(tmp_path, teacher) as (stable, candidate),
    ):
        for generation, share in enumerate((0.0, 0.2, 0.6, 1.0), start=1):
            await stable.push(policy_with_share(share, candidate.url, generation))
            before = (await count_requests(stable))[1]
            selected = set()
            for session in SESSIONS:
                await ask(stable, session)
                now = (await count_requests(stable))[1]
                if now > before:
                    selected.add(session)
                before = now
            forwarded.append(selected)
        by_candidate = (await candidate.evidence()).requests
        by_stable = (await stable.evidence()).requests
    assert forwarded[0] == set()
    assert forwarded[0] <= forwarded[1] <= forwarded[2] <= forwarded[3] == set(SESSIONS)
    assert 3 <= len(forwarded[1]) <= 25
    assert by_candidate.requests == by_stable.diverted == sum(map(len, forwarded))
    assert by_stable.requests + by_candidate.requests == 4 * len(SESSIONS)


async def test_the_stable_pod_answers_if_the_candidate_is_unreachable(
    tmp_path: Path,
) -> None:
    async with teaching() as teacher, serving(teacher.url, tmp_path) as stable:
        await stable.push(policy_with_share(1.0, "http://127.0.0.1:9"))
        await ask(stable, "s")
        assert await count_requests(stable) == (1, 0)


async def test_the_stable_pod_answers_if_the_candidate_returns_503(
    tmp_path: Path,
) -> None:
    broken = Teacher(refusal=(503, b"no endpoints"))
    async with (
        teaching() as teacher,
        teaching(broken) as front,
        serving(teacher.url, tmp_path) as stable,
    ):
        await stable.push(policy_with_share(1.0, front.url.removesuffix("/v1")))
        await ask(stable, "s")
        assert await count_requests(stable) == (1, 0)
    assert len(broken.seen) == 1


async def test_a_forwarded_request_is_not_forwarded_again(tmp_path: Path) -> None:
    async with (
        teaching() as teacher,
        two_revisions(tmp_path, teacher) as (stable, candidate),
    ):
        await stable.push(policy_with_share(1.0, candidate.url))
        policy = RevisionPolicy(divert=Diversion(revision=1, share=1.0, url=stable.url))
        await candidate.push(PolicyDocument(generation=1, revisions={"2": policy}))
        await ask(stable, "s")
        assert (await count_requests(stable), await count_requests(candidate)) == (
            (0, 1),
            (1, 0),
        )
    assert teacher.seen[0].header("x-tracer-diverted") is None
    assert teacher.seen[0].header("authorization") == "Bearer sk-client"


async def test_streams_and_teacher_errors_of_the_candidate_are_returned_unchanged(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        two_revisions(tmp_path, teacher) as (stable, candidate),
    ):
        await stable.push(policy_with_share(1.0, candidate.url))
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
