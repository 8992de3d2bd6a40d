"""The protocol of the teacher in the settings of a pod."""

import json
from typing import Any

import pytest

from support.manifests import router_manifest
from tracer_bentos.serving.server.settings import Settings, read_settings
from tracer_core.contracts import runtime
from tracer_core.contracts.access import AccessMode
from tracer_core.contracts.protocol import TeacherProtocol
from tracer_core.errors import SpecError
from tracer_router.api import TracerRouter
from tracer_router.resources.data_plane import Served, build_deployment
from tracer_router.resources.installation import Installation

ENDPOINTS = [{"path": "/classify", "input": ["$.text"], "label": "$.label"}]
URL = "https://teacher.example.com"


def environment(tasks: dict[str, Any] | None = None, **teacher: Any) -> dict[str, str]:
    config = {"teacher": {"url": URL, **teacher}, "tasks": tasks or {}}
    return {runtime.CONFIG: json.dumps(config)}


@pytest.mark.parametrize(
    ("protocol", "url", "header"),
    [
        ("OpenAI", "https://teacher.example.com", "authorization"),
        ("Anthropic", "https://teacher.example.com/v1", "x-api-key"),
        ("HTTP", "https://teacher.example.com/v1", "authorization"),
    ],
)
def test_the_protocol_defines_the_base_url_and_the_key_header(
    protocol: str, url: str, header: str
) -> None:
    settings = read_settings(environment(protocol=protocol))
    assert settings.teacher_url == url
    assert settings.protocol.conventions.key_header == header


def test_a_language_model_has_the_adapters_of_all_apis() -> None:
    paths = {
        adapter.exact_paths[0]
        for adapter in read_settings(environment()).protocol.adapters
    }
    assert paths == {
        "/v1/chat/completions",
        "/v1/responses",
        "/v1/completions",
        "/v1/messages",
    }


def test_a_teacher_with_protocol_http_has_the_configured_paths() -> None:
    given = environment(protocol="HTTP", endpoints=ENDPOINTS)
    protocol = read_settings(given).protocol
    assert protocol.protocol is TeacherProtocol.HTTP
    assert [adapter.exact_paths for adapter in protocol.adapters] == [("/classify",)]


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (
            environment(protocol="Smoke"),
            "teacher.protocol: must be OpenAI, Anthropic or HTTP",
        ),
        (environment(endpoints={}), "teacher.endpoints: must be a valid array"),
        (
            environment(endpoints=[{"path": "/", "input": []}]),
            r"teacher.endpoints\[0\].input: must have at least 1 item",
        ),
        (
            environment(endpoints=[{"path": "/", "input": ["a"]}]),
            "is not a JSON selector",
        ),
        (environment({"ignore": "user"}), "tasks.ignore: must be a valid array"),
    ],
)
def test_an_invalid_setting_is_rejected_with_its_field_path(
    given: dict[str, str], fault: str
) -> None:
    with pytest.raises(SpecError, match=fault):
        read_settings(given)


def pod_settings(**spec: Any) -> Settings:
    """Return the settings of a pod that the operator creates for a router."""
    manifest = router_manifest(**spec)
    manifest["metadata"] |= {"namespace": "ns", "uid": "u"}
    router = TracerRouter.model_validate(manifest)
    deployment = build_deployment(
        router, Served(1, "image"), Installation("ns", "image", "s3://bucket")
    )
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    variables = {
        variable["name"]: variable["value"]
        for variable in container["env"]
        if "value" in variable
    }
    return read_settings(variables)


def test_a_pod_reads_the_settings_that_the_operator_writes() -> None:
    teacher = {"url": "http://x:1", "protocol": "HTTP", "endpoints": ENDPOINTS}
    tasks = {"ignore": ["id"], "limit": 7}
    settings = pod_settings(teacher=teacher, tasks=tasks)
    (adapter,) = settings.protocol.adapters
    assert (adapter.exact_paths, settings.protocol.protocol) == (
        ("/classify",),
        TeacherProtocol.HTTP,
    )
    assert (settings.protocol.ignored, settings.task_limit) == (("id",), 7)
    assert settings.teacher_identity.startswith("HTTP http://x:1 sha256:")


@pytest.mark.parametrize("mode", AccessMode)
def test_a_pod_reads_every_access_mode_that_the_operator_writes(
    mode: AccessMode,
) -> None:
    access: dict[str, Any] = {"mode": str(mode)}
    if mode is AccessMode.CLIENT_KEYS:
        access["clientKeys"] = {"secretName": "keys"}
    if mode is AccessMode.GATEWAY_HEADER:
        access["gatewayHeader"] = {"name": "x-caller"}
    assert pod_settings(access=access).access is mode
