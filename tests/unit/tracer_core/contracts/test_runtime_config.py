"""The runtime configuration: canonical form, sources, and error lines."""

import json
from pathlib import Path
from typing import Any

import pytest

from tracer_core.contracts import runtime
from tracer_core.contracts.runtime_config import (
    CacheConfig,
    RuntimeConfig,
    StoreConfig,
    TeacherConfig,
    TracesConfig,
)
from tracer_core.errors import SpecError

URL = "https://teacher.example.com/v1"
CONFIG = RuntimeConfig(
    teacher=TeacherConfig(url=URL),
    traces=TracesConfig(store=StoreConfig(url="s3://bucket/router/")),
    cache=CacheConfig(ttl_seconds=60),
)


def read(document: Any) -> RuntimeConfig:
    return RuntimeConfig.from_environment({runtime.CONFIG: json.dumps(document)})


def test_only_fields_without_their_default_are_written() -> None:
    assert CONFIG.to_json() == (
        b'{"cache":{"ttlSeconds":60.0},'
        b'"teacher":{"url":"https://teacher.example.com/v1"},'
        b'"traces":{"store":{"url":"s3://bucket/router"}},'
        b'"version":1}'
    )


def test_a_document_is_the_same_after_writing_and_reading(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(CONFIG.to_json())
    assert RuntimeConfig.from_json(CONFIG.to_json()) == CONFIG
    named = {runtime.CONFIG_FILE: str(file)}
    assert RuntimeConfig.from_environment(named) == CONFIG
    text = {runtime.CONFIG: CONFIG.to_json().decode()}
    assert RuntimeConfig.from_environment(text) == CONFIG


def test_without_a_document_the_defaults_apply() -> None:
    assert RuntimeConfig.from_environment({}) == RuntimeConfig()


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        pytest.param(
            {"teacher": {"url": URL, "httpVersion": "HTTP3"}},
            "teacher.httpVersion: must be HTTP1 or HTTP2",
            id="enum",
        ),
        pytest.param(
            {"teacher": {"url": "teacher"}},
            "teacher.url: must be the base URL of the teacher, for example"
            " https://api.openai.com/v1",
            id="url",
        ),
        pytest.param(
            {"teacher": {"url": URL, "endpoints": [{"path": "/", "inputs": []}]}},
            "teacher.endpoints[0].input: is required",
            id="missing",
        ),
        pytest.param(
            {"limits": {"requestSize": 1}},
            "limits.requestSize: unknown field; must be one of concurrentRequests,"
            " requestBytes",
            id="unknown field",
        ),
        pytest.param(
            {"cache": {"ttlSeconds": 1, "size": 1}},
            "cache.size: unknown field; must be one of entries, ttlSeconds",
            id="unknown field of an optional section",
        ),
        pytest.param(
            {"limits": {"requestBytes": -1}},
            "limits.requestBytes: must be greater than or equal to 0",
            id="range",
        ),
        pytest.param(
            {"access": {"mode": "ClientKeys"}},
            "access: clientKeys is required if mode is ClientKeys",
            id="client keys",
        ),
        pytest.param(
            {"access": {"mode": "GatewayHeader"}},
            "access: callerHeader is required if mode is GatewayHeader",
            id="gateway header",
        ),
        pytest.param({"version": 2}, "version: must be 1", id="version"),
        pytest.param([], "must be an object", id="no object"),
    ],
)
def test_an_invalid_document_is_one_line_with_path_and_allowed_values(
    document: Any, fault: str
) -> None:
    with pytest.raises(SpecError) as raised:
        read(document)
    assert str(raised.value) == f"TRACER_CONFIG: {fault}"


def test_the_error_line_does_not_contain_the_received_value() -> None:
    with pytest.raises(SpecError) as raised:
        read({"teacher": {"url": URL, "proxy": {"user": "secret"}}})
    assert str(raised.value) == "TRACER_CONFIG: teacher.proxy: must be a valid string"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    absent = tmp_path / "config.json"
    with pytest.raises(SpecError, match=f"cannot read {absent}: No such file"):
        RuntimeConfig.from_environment({runtime.CONFIG_FILE: str(absent)})


def test_a_document_and_a_file_together_are_rejected() -> None:
    both = {runtime.CONFIG: "{}", runtime.CONFIG_FILE: "config.json"}
    with pytest.raises(SpecError, match="are both set; remove one"):
        RuntimeConfig.from_environment(both)


def test_header_names_are_lower_case_and_urls_end_without_a_slash() -> None:
    config = read(
        {
            "teacher": {"url": f"{URL}/"},
            "tasks": {"header": "X-Task"},
            "traces": {"store": {"url": "file:///traces/"}},
        }
    )
    assert config.teacher is not None
    assert config.traces.store is not None
    found = (config.teacher.url, config.tasks.header, config.traces.store.url)
    assert found == (URL, "x-task", "file:///traces")


@pytest.mark.parametrize(
    ("protocol", "url", "base_url"),
    [
        ("OpenAI", "https://x", "https://x"),
        ("Anthropic", "https://x", "https://x/v1"),
        ("Anthropic", "https://x/v1", "https://x/v1"),
        ("HTTP", "https://x", "https://x/v1"),
    ],
)
def test_the_base_url_replaces_the_v1_of_a_client(
    protocol: str, url: str, base_url: str
) -> None:
    config = read({"teacher": {"url": url, "protocol": protocol}})
    assert config.teacher is not None
    assert config.teacher.base_url == base_url


def test_a_store_of_the_command_line_has_its_connection_from_the_environment() -> None:
    environment = {
        runtime.STORE_ENDPOINT: "http://s3:7070",
        runtime.STORE_CREDENTIALS: "/keys",
        runtime.STORE_REGION: "",
    }
    assert StoreConfig.from_environment("s3://b/p", environment) == StoreConfig(
        url="s3://b/p", endpoint="http://s3:7070", credentials=Path("/keys")
    )
