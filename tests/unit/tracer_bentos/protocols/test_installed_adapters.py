"""Adapters of installed packages: how they are loaded, refused, and matched."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from support.serving_plane import serving, until
from support.serving_teacher import teaching
from tracer_bentos.protocols import registry
from tracer_bentos.protocols.adapter import ParsedRequest, RequestTarget
from tracer_bentos.protocols.api_conventions import OPENAI_API, ApiConventions
from tracer_bentos.protocols.openai_chat.adapter import OpenAIChat
from tracer_bentos.protocols.protocol_config import ProtocolConfig
from tracer_bentos.protocols.registry import (
    build_table,
    find_adapter,
    language_model_adapters,
    load_installed_adapters,
)
from tracer_core.contracts.access import AccessMode
from tracer_core.contracts.protocol import TeacherProtocol
from tracer_core.contracts.runtime_config import TeacherConfig
from tracer_core.errors import SpecError


class VersionedChat(OpenAIChat):
    """The chat completions of a server that puts the model into the path."""

    name = "versioned-chat"
    operation = "models/chat/completions"
    key_header = "x-goog-api-key"

    @override
    def matches(self, target: RequestTarget) -> bool:
        return target.path.startswith(b"/v2/") and target.path.endswith(b":chat")

    @override
    def deployment(self, target: RequestTarget) -> str | None:
        return target.path.removeprefix(b"/v2/").removesuffix(b":chat").decode()

    @override
    def conventions(self, target: RequestTarget) -> ApiConventions:
        return replace(
            OPENAI_API, key_header=self.key_header, key_follows_teacher=False
        )


class OtherChat(VersionedChat):
    name = "other-chat"
    operation = "other/chat/completions"


class TakesABuiltInName(VersionedChat):
    name = "openai-chat"


class TakesABuiltInPath(VersionedChat):
    operation = "chat/completions"


class UsesAnUnknownKeyHeader(VersionedChat):
    key_header = "x-secret"


class RaisesOnEveryRequest(VersionedChat):
    name = "broken"

    @override
    def matches(self, target: RequestTarget) -> bool:
        raise RuntimeError("this adapter cannot match")

    @override
    def parse_request(
        self, body: bytes, target: RequestTarget | None = None
    ) -> ParsedRequest | None:
        raise RuntimeError("this adapter cannot parse")


def fail_to_build() -> VersionedChat:
    raise OSError("no license")


def install(monkeypatch: pytest.MonkeyPatch, **factories: Callable[[], Any]) -> None:
    """Install entry points whose values are the qualified names of factories."""
    points = metadata.EntryPoints(
        metadata.EntryPoint(
            name, f"{__name__}:{factory.__name__}", registry.ENTRY_POINTS
        )
        for name, factory in factories.items()
    )
    monkeypatch.setattr(registry, "entry_points", points.select)


def test_adapters_are_loaded_in_the_order_of_their_entry_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(monkeypatch, b=VersionedChat, a=OtherChat)
    names = [adapter.name for adapter in load_installed_adapters()]
    assert names == ["other-chat", "versioned-chat"]
    install(monkeypatch)
    assert load_installed_adapters() == ()


def test_two_packages_cannot_read_the_same_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(monkeypatch, b=VersionedChat, a=RaisesOnEveryRequest)
    message = "adapter 'b' .* of adapter 'a' .*; each adapter must have its own path"
    with pytest.raises(SpecError, match=message):
        load_installed_adapters()


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (fail_to_build, "cannot be loaded: OSError('no license'); correct the package"),
        (dict, "returned dict, which is not an Adapter: name, exact_paths"),
        (TakesABuiltInName, "uses the name 'openai-chat' of the router"),
        (TakesABuiltInPath, "uses the path '/v1/chat/completions' of the router"),
        (UsesAnUnknownKeyHeader, "uses the key header 'x-secret'; must be one of"),
    ],
)
def test_an_unusable_adapter_is_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, factory: Callable[[], Any], message: str
) -> None:
    monkeypatch.setattr(metadata.EntryPoint, "load", lambda _: factory)
    install(monkeypatch, theirs=VersionedChat)
    with pytest.raises(SpecError, match=re.escape(message)) as caught:
        ProtocolConfig.from_config(TeacherConfig(url="http://teacher"))
    assert "adapter 'theirs'" in str(caught.value)
    assert "entry point of tracer_router.adapters" in str(caught.value)


def test_a_module_that_cannot_be_imported_is_refused_at_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    point = metadata.EntryPoint("theirs", "no_such_module:A", registry.ENTRY_POINTS)
    points = metadata.EntryPoints([point])
    monkeypatch.setattr(registry, "entry_points", points.select)
    with pytest.raises(SpecError, match="No module named 'no_such_module'"):
        load_installed_adapters()


@pytest.mark.parametrize("protocol", list(TeacherProtocol))
def test_an_installed_adapter_is_active_with_every_protocol(
    monkeypatch: pytest.MonkeyPatch, protocol: TeacherProtocol
) -> None:
    install(monkeypatch, theirs=VersionedChat)
    teacher = TeacherConfig(url="http://teacher", protocol=protocol)
    adapters = ProtocolConfig.from_config(teacher).adapters
    assert adapters[-1].name == "versioned-chat"


def test_built_in_adapters_are_matched_first() -> None:
    theirs = VersionedChat()
    table = build_table((*language_model_adapters(), theirs))
    assert find_adapter(table, RequestTarget.from_post("/v2/gpt:chat")) is theirs
    azure = find_adapter(
        table, RequestTarget.from_post("/openai/deployments/v2:chat/completions")
    )
    assert azure is not theirs


async def test_a_request_of_an_installed_adapter_is_captured_and_keyed(
    tmp_path: Path,
) -> None:
    key = tmp_path / "key"
    key.write_text("router-key")
    protocol = ProtocolConfig(installed=(VersionedChat(),))
    body = {"messages": [{"role": "user", "content": "Refund"}]}
    async with (
        teaching() as teacher,
        serving(
            teacher.url,
            tmp_path,
            access=AccessMode.OPEN,
            protocol=protocol,
            teacher_key_file=key,
        ) as plane,
        plane.http.post(
            f"{plane.url}/v2/gpt-test:chat",
            json=body,
            headers={"x-goog-api-key": "client-key"},
        ) as response,
    ):
        assert response.status == 207  # the teacher does not offer this path
        await until(lambda: len(plane.traces()) == 1)
    assert teacher.seen[0].header("x-goog-api-key") == "router-key"
    assert plane.traces()[0]["model"] == "gpt-test"


async def test_the_teacher_answers_if_an_installed_adapter_raises(
    tmp_path: Path,
) -> None:
    protocol = ProtocolConfig(installed=(RaisesOnEveryRequest(),))
    async with (
        teaching() as teacher,
        serving(
            teacher.url, tmp_path, access=AccessMode.OPEN, protocol=protocol
        ) as plane,
    ):
        async with plane.http.post(f"{plane.url}/v2/a:chat", json={}) as response:
            body = await response.read()
        evidence = await plane.evidence()
    assert json.loads(body[::-1]) == {}
    assert evidence.requests.teacher == 1
    assert evidence.requests.faults == 1
