"""What a data plane is told about the teacher's protocol."""

import json

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


def told(**values: str) -> dict[str, str]:
    return {runtime.TEACHER_URL: "https://teacher.example.com", **values}


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
    settings = read_settings(told(**{runtime.PROTOCOL: protocol}))
    assert settings.teacher_url == url
    assert settings.speech.key_header == header


def test_every_language_model_has_the_paths_of_all() -> None:
    paths = {each.path for each in read_settings(told()).speech.adapters}
    assert paths == {
        "/v1/chat/completions",
        "/v1/responses",
        "/v1/completions",
        "/v1/messages",
    }


def test_a_plain_teacher_has_the_paths_that_are_named() -> None:
    given = told(**{runtime.PROTOCOL: "HTTP", runtime.ENDPOINTS: json.dumps(ENDPOINTS)})
    speech = read_settings(given).speech
    assert speech.protocol is TeacherProtocol.HTTP
    assert [each.path for each in speech.adapters] == ["/classify"]


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        (runtime.PROTOCOL, "Smoke", "say OpenAI or Anthropic or HTTP"),
        (runtime.ENDPOINTS, "{}", "is not a list in JSON"),
        (runtime.ENDPOINTS, '[{"input": []}]', "is not a list of path, input and"),
        (runtime.ENDPOINTS, '[{"path": "/", "input": ["a"]}]', "is no selector"),
        (runtime.TASKS_IGNORE, "user", "is not a list in JSON"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_name(
    name: str, value: str, remedy: str
) -> None:
    with pytest.raises(SpecError, match=remedy):
        read_settings(told(**{name: value}))


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
    assert (adapter.path, settings.speech.protocol) == (
        "/classify",
        TeacherProtocol.HTTP,
    )
    assert (settings.speech.ignored, settings.task_limit) == (("id",), 7)
    assert settings.teacher_identity.startswith("HTTP http://x:1 sha256:")
