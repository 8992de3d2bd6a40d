"""What a data plane is told about the teacher's protocol."""

import json
from typing import Any

import pytest

from support.manifests import router_manifest
from tracer_bentos.serving.server.settings import read_settings
from tracer_core.contracts import runtime
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
def test_a_protocol_says_what_a_path_and_a_key_mean(
    protocol: str, url: str, header: str
) -> None:
    settings = read_settings(environment(protocol=protocol))
    assert settings.teacher_url == url
    assert settings.speech.conventions.key_header == header


def test_every_language_model_has_the_paths_of_all() -> None:
    paths = {
        adapter.exact_paths[0]
        for adapter in read_settings(environment()).speech.adapters
    }
    assert paths == {
        "/v1/chat/completions",
        "/v1/responses",
        "/v1/completions",
        "/v1/messages",
    }


def test_a_plain_teacher_has_the_paths_that_are_named() -> None:
    given = environment(protocol="HTTP", endpoints=ENDPOINTS)
    speech = read_settings(given).speech
    assert speech.protocol is TeacherProtocol.HTTP
    assert [adapter.exact_paths for adapter in speech.adapters] == [("/classify",)]


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


def test_a_pod_is_told_what_the_router_says() -> None:
    teacher = {"url": "http://x:1", "protocol": "HTTP", "endpoints": ENDPOINTS}
    tasks = {"ignore": ["id"], "limit": 7}
    manifest = router_manifest(teacher=teacher, tasks=tasks)
    manifest["metadata"] |= {"namespace": "ns", "uid": "u"}
    router = TracerRouter.model_validate(manifest)
    deployment = build_deployment(
        router, Served(1, "image"), Installation("ns", "image", "s3://bucket")
    )
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    given = {
        each["name"]: each["value"] for each in container["env"] if "value" in each
    }
    settings = read_settings(given)
    (adapter,) = settings.speech.adapters
    assert (adapter.exact_paths, settings.speech.protocol) == (
        ("/classify",),
        TeacherProtocol.HTTP,
    )
    assert (settings.speech.ignored, settings.task_limit) == (("id",), 7)
    assert settings.teacher_identity.startswith("HTTP http://x:1 sha256:")
