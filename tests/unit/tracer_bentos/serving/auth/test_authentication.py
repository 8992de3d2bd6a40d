"""Authentication of callers, surrogate answers, and hosts for the teacher key."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from openai import AsyncOpenAI, AuthenticationError

from support.serving_plane import PROMPT, Plane, certified, serving
from support.serving_teacher import Teacher, teaching
from tracer_bentos.serving.auth.accepted_key_cache import (
    MAX_CALLERS,
    MAX_SCOPES,
    AcceptedKeyCache,
)
from tracer_bentos.serving.auth.secret_volume import SecretVolume
from tracer_bentos.serving.auth.teacher_key import TeacherKey, TeacherKeyRejected
from tracer_core.contracts.access import AccessMode

HEADER = {"access": AccessMode.GATEWAY_HEADER, "caller_header": "x-caller"}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def secret(folder: Path, entries: Mapping[str, str]) -> Path:
    """Write a Secret as the kubelet does: all entries change atomically."""
    folder.mkdir(exist_ok=True)
    number = sum(1 for _ in folder.iterdir())
    content = folder / f"..{number}"
    content.mkdir()
    for name, value in entries.items():
        (content / name).write_text(value)
    link = folder / "..new"
    link.symlink_to(content.name)
    link.rename(folder / "..data")
    for name in entries:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    return folder


async def answered_by(client: AsyncOpenAI, **headers: str) -> str:
    raw = await client.chat.completions.with_raw_response.create(
        model="gpt-test",
        messages=[
            {"role": "system", "content": PROMPT},
            {"role": "user", "content": "Refund please"},
        ],
        extra_headers=headers,
    )
    return str(raw.headers.get("x-tracer-decision", "teacher"))


async def certify(plane: Plane) -> None:
    task = (await plane.evidence()).tasks[0].task
    await plane.push(certified(task, audit=0.0))


async def test_the_surrogate_answers_a_key_after_the_teacher_accepted_it(
    tmp_path: Path,
) -> None:
    async with teaching() as teacher, serving(teacher.url, tmp_path) as plane:
        mine, other = plane.client("sk-mine"), plane.client("sk-other")
        await answered_by(mine)
        await certify(plane)
        decisions = [await answered_by(client) for client in (mine, other, other)]
    assert decisions == ["surrogate", "teacher", "surrogate"]


async def test_a_revoked_key_is_rejected_after_the_first_call_to_the_teacher(
    tmp_path: Path,
) -> None:
    async with teaching() as teacher, serving(teacher.url, tmp_path) as plane:
        client = plane.client()
        await answered_by(client)
        await certify(plane)
        assert await answered_by(client) == "surrogate"
        teacher.refusal = (401, b'{"error": {"message": "revoked"}}')
        with pytest.raises(AuthenticationError, match="revoked"):
            await answered_by(client, **{"x-tracer-force": "teacher"})
        with pytest.raises(AuthenticationError, match="revoked"):
            await answered_by(client)


def test_an_acceptance_expires_and_applies_to_one_model() -> None:
    clock = Clock()
    cache = AcceptedKeyCache(60.0, clock)
    cache.accept(b"k", "small")
    assert cache.is_recent(b"k", "small")
    assert not cache.is_recent(b"k", "large")
    clock.now = 60.0
    assert not cache.is_recent(b"k", "small")


def test_a_rejection_applies_to_one_model_and_a_revocation_to_all() -> None:
    cache = AcceptedKeyCache()
    for model in ("small", "large"):
        cache.accept(b"k", model)
    cache.reject(b"k", "large")
    assert cache.is_recent(b"k", "small")
    assert not cache.is_recent(b"k", "large")
    cache.revoke(b"k")
    assert not cache.is_recent(b"k", "small")


def test_the_number_of_callers_and_models_is_bounded() -> None:
    cache = AcceptedKeyCache()
    for number in range(MAX_SCOPES + 1):
        cache.accept(b"first", str(number))
    assert not cache.is_recent(b"first", "0")
    assert cache.is_recent(b"first", "1")
    for number in range(MAX_CALLERS):
        cache.accept(str(number).encode(), "m")
    assert not cache.is_recent(b"first", "1")


async def test_a_client_key_is_required_and_is_never_sent_to_the_teacher(
    tmp_path: Path,
) -> None:
    keys = secret(tmp_path / "keys", {"shop": "k-shop", "desk": "k-old\nk-new\n"})
    own = secret(tmp_path / "own", {"api-key": "sk-teacher"})
    async with (
        teaching() as teacher,
        serving(
            teacher.url,
            tmp_path,
            access=AccessMode.CLIENT_KEYS,
            client_keys=keys,
            teacher_key_file=own / "api-key",
        ) as plane,
    ):
        for key in ("k-shop", "k-old", "k-new"):
            await answered_by(plane.client(key), **{"x-api-key": key})
        with pytest.raises(
            AuthenticationError, match="API key of this request is unknown"
        ):
            await answered_by(plane.client("k-guess"))
        async with plane.http.get(f"{plane.url}/v1/models") as models:
            assert models.status == 401
        await certify(plane)
        assert await answered_by(plane.client("k-shop")) == "surrogate"
        counts = (await plane.evidence()).requests
    assert (counts.requests, counts.refused, counts.failed) == (6, 2, 0)
    sent = {
        (request.header("authorization"), request.header("x-api-key"))
        for request in teacher.seen
    }
    assert sent == {("Bearer sk-teacher", None)}


async def test_client_keys_are_rotated_without_a_restart(tmp_path: Path) -> None:
    keys = secret(tmp_path / "keys", {"shop": "k-1"})
    clock = Clock()
    volume = SecretVolume(keys, clock)
    assert volume.read() == {"shop": "k-1"}
    secret(keys, {"shop": "k-2"})
    assert volume.read() == {"shop": "k-1"}
    clock.now = 1.0
    assert (volume.read(), volume.version) == ({"shop": "k-2"}, 2)


def test_an_unreadable_secret_keeps_its_last_entries(tmp_path: Path) -> None:
    keys = secret(tmp_path / "keys", {"shop": "k-1"})
    clock = Clock()
    volume = SecretVolume(keys, clock)
    assert volume.read() == {"shop": "k-1"}
    keys.rename(tmp_path / "gone")
    clock.now = 1.0
    assert volume.read() == {"shop": "k-1"}


async def test_the_gateway_header_identifies_the_caller_and_is_not_forwarded(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, **HEADER) as plane,
    ):
        client = plane.client()
        await answered_by(client, **{"x-caller": "shop"})
        with pytest.raises(AuthenticationError):
            await answered_by(client)
        await certify(plane)
        assert await answered_by(client, **{"x-caller": "desk"}) == "surrogate"
    assert [request.header("x-caller") for request in teacher.seen] == [None]


async def test_a_duplicate_gateway_header_is_rejected(tmp_path: Path) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, **HEADER) as plane,
        plane.http.get(
            f"{plane.url}/v1/models", headers=[("x-caller", "a"), ("x-caller", "b")]
        ) as answer,
    ):
        assert answer.status == 401
    assert teacher.seen == []


@pytest.mark.parametrize(
    ("listed", "host", "port", "allowed"),
    [
        (None, "api.example.com", None, True),
        ("api.example.com", "api.example.com", None, True),
        ("other.com, API.example.com", "api.example.com", None, True),
        ("*.example.com", "eu.api.example.com", None, True),
        ("*.example.com", "example.com", None, False),
        ("*.example.com", "evilexample.com", None, False),
        ("api.example.com", "api.example.com.evil.org", None, False),
        ("llm.ml:8000", "llm.ml", 8000, True),
        ("llm.ml:8000", "llm.ml", 9000, False),
        ("llm.ml", "llm.ml", 9000, True),
        ("", "api.example.com", None, False),
    ],
)
def test_a_key_is_sent_only_to_the_allowed_hosts_of_its_secret(
    tmp_path: Path, listed: str | None, host: str, port: int | None, *, allowed: bool
) -> None:
    entries = {"api-key": "sk"} | ({} if listed is None else {"allowed-hosts": listed})
    key = TeacherKey(secret(tmp_path / "own", entries) / "api-key", host, port)
    if allowed:
        assert key.current() == "sk"
    else:
        with pytest.raises(TeacherKeyRejected, match="does not list"):
            key.current()


async def test_no_request_is_sent_to_a_host_that_must_not_receive_the_key(
    tmp_path: Path,
) -> None:
    own = secret(
        tmp_path / "own", {"api-key": "sk", "allowed-hosts": "api.example.com"}
    )
    async with (
        teaching() as teacher,
        serving(
            teacher.url,
            tmp_path,
            access=AccessMode.OPEN,
            teacher_key_file=own / "api-key",
        ) as plane,
    ):
        async with plane.http.get(f"{plane.url}/v1/models") as answer:
            document = await answer.json()
        state = (await plane.evidence()).teacher
    assert (answer.status, teacher.seen, state.reachable) == (502, [], False)
    assert (
        "allowed-hosts of the key Secret does not list 127.0.0.1"
        in document["error"]["message"]
    )


async def test_a_teacher_without_authentication_accepts_every_caller(
    tmp_path: Path,
) -> None:
    async with teaching(Teacher()) as teacher, serving(teacher.url, tmp_path) as plane:
        client = plane.client()
        await answered_by(client)
        await certify(plane)
        assert await answered_by(client) == "surrogate"


async def test_with_a_teacher_key_in_the_pod_the_key_of_the_caller_is_ignored(
    tmp_path: Path,
) -> None:
    own = secret(tmp_path / "own", {"api-key": "sk-teacher"})
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, teacher_key_file=own / "api-key") as plane,
    ):
        await answered_by(plane.client("sk-one"))
        await certify(plane)
        assert await answered_by(plane.client("sk-two")) == "surrogate"
