"""All requests that the router does not answer reach the teacher unchanged."""

import asyncio
from pathlib import Path

import openai
import pytest

from support.serving_plane import PROMPT, serving, until
from support.serving_teacher import Teacher, teaching
from tracer_bentos.protocols.protocol_config import ProtocolConfig
from tracer_core.contracts.protocol import TeacherProtocol
from tracer_core.contracts.runtime import HttpVersion


@pytest.fixture(params=HttpVersion)
def http(request: pytest.FixtureRequest) -> HttpVersion:
    return HttpVersion(request.param)


async def test_the_official_client_receives_the_answer_of_the_teacher(
    tmp_path: Path, http: HttpVersion
) -> None:
    async with (
        teaching(http=http) as teacher,
        serving(teacher.url, tmp_path, teacher_http=http) as plane,
    ):
        answer = await plane.client().chat.completions.create(
            model="gpt-test", messages=[{"role": "user", "content": "Billing please"}]
        )
    assert answer.id == "chatcmpl-teacher"
    assert answer.choices[0].message.content == "billing"
    assert teacher.seen[0].target == b"/v1/chat/completions"
    assert teacher.seen[0].header("authorization") == "Bearer sk-client"


async def test_a_stream_arrives_chunk_by_chunk(
    tmp_path: Path, http: HttpVersion
) -> None:
    teacher = Teacher(hold=asyncio.Event())
    async with (
        teaching(teacher, http),
        serving(teacher.url, tmp_path, teacher_http=http) as plane,
    ):
        stream = await plane.client().chat.completions.create(
            model="gpt-test",
            messages=[{"role": "user", "content": "Billing please"}],
            stream=True,
        )
        pieces = [(await anext(stream)).choices[0].delta.content]
        assert teacher.hold
        teacher.hold.set()
        pieces += [chunk.choices[0].delta.content async for chunk in stream]
    assert "".join(piece or "" for piece in pieces) == "billing"


async def test_a_disconnect_of_the_client_cancels_the_teacher_call(
    tmp_path: Path, http: HttpVersion
) -> None:
    teacher = Teacher(hold=asyncio.Event())
    async with (
        teaching(teacher, http),
        serving(teacher.url, tmp_path, teacher_http=http) as plane,
    ):
        stream = await plane.client().chat.completions.create(
            model="gpt-test",
            messages=[{"role": "user", "content": "Billing please"}],
            stream=True,
        )
        await anext(stream)
        await stream.close()
        await until(lambda: teacher.aborted == 1)
        await until(lambda: len(plane.traces()) == 1)
        records = plane.traces()
    assert [record["status"] for record in records] == ["failed"]


async def test_unknown_paths_are_forwarded_byte_for_byte(
    tmp_path: Path, http: HttpVersion
) -> None:
    body = bytes(range(256)) * 5000
    async with (
        teaching(http=http) as teacher,
        serving(teacher.url, tmp_path, teacher_http=http) as plane,
        plane.http.put(
            f"{plane.url}/v1/files/a%2Fb?x=%20y&x=2",
            data=body,
            headers=[("x-twice", "1"), ("x-twice", "2"), ("x-tracer-force", "teacher")],
        ) as response,
    ):
        content = await response.read()
    seen = teacher.seen[0]
    assert (response.status, content) == (207, body[::-1])
    assert response.headers.getall("x-teacher") == ["one", "two"]
    assert (seen.method, seen.target, seen.body) == (
        "PUT",
        b"/v1/files/a%2Fb?x=%20y&x=2",
        body,
    )
    assert [value for name, value in seen.headers if name == b"x-twice"] == [b"1", b"2"]
    assert seen.header("x-tracer-force") is None


async def test_a_path_outside_v1_is_relative_to_the_root_of_the_teacher(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path) as plane,
        plane.http.get(f"{plane.url}/livez") as response,
    ):
        content = await response.read()
    assert (response.status, content) == (207, b"\x00\xff")
    assert teacher.seen[0].target == b"/livez"


async def test_errors_of_the_teacher_reach_the_client_unchanged(
    tmp_path: Path, http: HttpVersion
) -> None:
    refusal = b'{"error":{"message":"slow down","type":"x","param":null,"code":"rate"}}'
    teacher = Teacher(refusal=(429, refusal))
    async with (
        teaching(teacher, http),
        serving(teacher.url, tmp_path, teacher_http=http) as plane,
    ):
        with pytest.raises(openai.RateLimitError, match="slow down") as raised:
            await plane.client().chat.completions.create(
                model="gpt-test", messages=[{"role": "user", "content": "Billing"}]
            )
        counts = (await plane.evidence()).requests
    assert raised.value.response.content == refusal
    assert raised.value.response.headers["x-should-retry"] == "false"
    assert (counts.teacher, counts.failed) == (1, 0)


async def test_an_unreachable_teacher_results_in_a_502_with_the_cause(
    tmp_path: Path, http: HttpVersion
) -> None:
    async with serving("http://127.0.0.1:9/v1", tmp_path, teacher_http=http) as plane:
        with pytest.raises(openai.InternalServerError) as raised:
            await plane.client().chat.completions.create(
                model="gpt-test", messages=[{"role": "user", "content": "Billing"}]
            )
        evidence = await plane.evidence()
    assert raised.value.status_code == 502
    assert "The teacher could not be reached" in str(raised.value)
    assert raised.value.code == "teacher_unreachable"
    assert (evidence.teacher.reachable, evidence.requests.failed) == (False, 1)
    assert "127.0.0.1" in str(evidence.teacher.cause)


async def test_the_mounted_key_replaces_the_client_key(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sk-router\n")
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, teacher_key_file=key) as plane,
    ):
        await plane.client("sk-of-the-client").models.with_raw_response.list()
    assert teacher.seen[0].header("authorization") == "Bearer sk-router"


async def test_a_key_for_anthropic_is_sent_in_its_own_header(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sk-router")
    protocol = ProtocolConfig(TeacherProtocol.ANTHROPIC)
    sent = {"x-api-key": "sk-of-the-client", "authorization": "Bearer other"}
    async with (
        teaching() as teacher,
        serving(
            teacher.url, tmp_path, teacher_key_file=key, protocol=protocol
        ) as plane,
        plane.http.get(f"{plane.url}/v1/models", headers=sent) as response,
    ):
        assert response.status == 207
    assert teacher.seen[0].header("x-api-key") == "sk-router"
    assert teacher.seen[0].header("authorization") is None


async def test_a_body_above_the_limit_is_rejected_in_the_openai_format(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path) as plane,
        plane.http.post(
            f"{plane.url}/v1/chat/completions", data=b" " * (16 * 1024 * 1024 + 1)
        ) as response,
    ):
        document = await response.json()
    assert response.status == 413
    assert document["error"]["code"] == "request_too_large"
    assert teacher.seen == []


async def test_a_request_with_effects_is_never_captured(tmp_path: Path) -> None:
    async with teaching() as teacher, serving(teacher.url, tmp_path) as plane:
        await plane.client().chat.completions.create(
            model="gpt-test",
            messages=[
                {"role": "system", "content": PROMPT},
                {"role": "user", "content": "Billing"},
            ],
            store=True,
        )
        evidence = await plane.evidence()
    assert (evidence.tasks, evidence.requests.traces_pending) == ((), 0)
    assert (plane.traces(), len(teacher.seen)) == ([], 1)


async def test_a_websocket_upgrade_is_rejected_with_a_clear_error(
    tmp_path: Path,
) -> None:
    upgrade = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path) as plane,
        plane.http.get(f"{plane.url}/v1/realtime", headers=upgrade) as response,
    ):
        document = await response.json()
    assert response.status == 501
    assert document["error"]["code"] == "websocket_unsupported"
    assert teacher.seen == []


async def test_a_deeply_nested_request_is_forwarded_and_not_counted_as_a_fault(
    tmp_path: Path,
) -> None:
    nested = "[" * 900 + "]" * 900
    body = f'{{"model": "m", "messages": [], "x": {nested}}}'.replace(
        '"messages": []', '"messages": [{"role": "user", "content": "Billing"}]'
    )
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path) as plane,
        plane.http.post(f"{plane.url}/v1/chat/completions", data=body) as response,
    ):
        assert response.status == 200
        assert plane.data_plane.counters.faults.total() == 0
    assert teacher.seen[0].body == body.encode()
