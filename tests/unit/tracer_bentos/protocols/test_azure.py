"""Requests to Azure OpenAI: their paths, their tasks, and their way through a pod."""

import json
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncAzureOpenAI, DefaultAsyncHttpxClient

from support.serving_plane import (
    BUNDLE,
    PROMPT,
    Plane,
    certified,
    serving,
    until,
)
from support.serving_teacher import teaching
from tracer_bentos.protocols.adapter import ParsedRequest, RequestTarget
from tracer_bentos.protocols.registry import (
    build_table,
    find_adapter,
    language_model_adapters,
)
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_bentos.training.data.request_logs import LoggedExchange, build_record
from tracer_core.contracts.policy import Diversion, PolicyDocument, RevisionPolicy

TABLE = build_table(language_model_adapters())
VERSION = "2025-04-01-preview"
CHAT = f"/openai/deployments/gpt-test/chat/completions?api-version={VERSION}"
MESSAGES: list[Any] = [
    {"role": "system", "content": PROMPT},
    {"role": "user", "content": "Refund please"},
]


def found(url_path: str) -> str | None:
    adapter = find_adapter(TABLE, RequestTarget.from_post(url_path))
    return adapter.name if adapter else None


def parse(url_path: str, **changes: Any) -> ParsedRequest:
    target = RequestTarget.from_post(url_path)
    adapter = find_adapter(TABLE, target)
    assert adapter
    body = json.dumps({"messages": MESSAGES, **changes}).encode()
    request = adapter.parse_request(body, target)
    assert request
    return request


def task(url_path: str, **changes: Any) -> str:
    return TaskRegistry().identify(parse(url_path, **changes)).task


def azure_client(plane: Plane, endpoint: str = "", **options: Any) -> AsyncAzureOpenAI:
    client = AsyncAzureOpenAI(
        azure_endpoint=f"{plane.url}{endpoint}",
        api_version=VERSION,
        api_key="client-key",
        max_retries=0,
        http_client=DefaultAsyncHttpxClient(verify=False),
        **options,
    )
    plane.stack.push_async_callback(client.close)
    return client


@pytest.mark.parametrize("base", ["", "/v1"], ids=["plain", "with base path"])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/openai/deployments/a/chat/completions", "openai-chat"),
        ("/openai/deployments/a%20b/completions", "openai-completions"),
        ("/deployments/a/chat/completions", "openai-chat"),
        ("/openai/v1/chat/completions", "openai-chat"),
        ("/openai/v1/completions", "openai-completions"),
        ("/openai/v1/responses", "openai-responses"),
        ("/openai/responses", "openai-responses"),
        ("/openai/deployments/a/embeddings", None),
        ("/openai/deployments/chat/completions", "openai-completions"),
        ("/openai/deployments/a/b/completions", None),
        ("/openai/deployments/a/responses", None),
        ("/openai/chat/completions", None),
        ("/openai/responses/resp_1", None),
    ],
)
@pytest.mark.parametrize("query", ["", f"?api-version={VERSION}"])
def test_a_path_of_azure_is_read_by_the_adapter_of_its_operation(
    base: str, path: str, name: str | None, query: str
) -> None:
    assert found(base + path + query) == name


@pytest.mark.parametrize(
    ("method", "path", "query", "name"),
    [
        ("POST", b"/v1/chat/completions", b"api-version=preview", "openai-chat"),
        ("POST", b"/v1/chat/completions", b"api-version=a&b=c", None),
        ("POST", b"/v1/chat/completions", b"b=c", None),
        ("POST", b"/v1/messages", b"beta=true", None),
        ("GET", b"/v1/chat/completions", b"", None),
        ("GET", b"/openai/deployments/a/chat/completions", b"", None),
    ],
)
def test_other_methods_and_queries_are_not_read(
    method: str, path: bytes, query: bytes, name: str | None
) -> None:
    adapter = find_adapter(TABLE, RequestTarget(method, path, query))
    assert (adapter.name if adapter else None) == name


@pytest.mark.parametrize("base", ["", "/v1"])
def test_the_deployment_is_the_model_of_a_body_without_a_model(base: str) -> None:
    request = parse(f"{base}/openai/deployments/my%20gpt/chat/completions")
    assert (request.model, request.deployment) == ("my gpt", "my gpt")
    assert request.access_scope == "my gpt"


def test_the_model_of_the_body_stays_the_model_of_the_request() -> None:
    request = parse(CHAT, model="gpt-4o")
    assert (request.model, request.deployment) == ("gpt-4o", "gpt-test")
    assert request.access_scope == "gpt-test/gpt-4o"


def test_the_api_version_does_not_change_the_task() -> None:
    assert task(CHAT) == task(CHAT.replace(VERSION, "2024-10-21"))


def test_a_deployment_has_the_task_of_its_model() -> None:
    assert task(CHAT) == task(CHAT, model="gpt-test")
    assert task(CHAT) == task("/v1/chat/completions", model="gpt-test")


def test_each_deployment_has_its_own_tasks() -> None:
    others = ("/openai/deployments/other/chat/completions", "/v1/chat/completions")
    tasks = {task(path, model="gpt-4o") for path in (CHAT, *others)}
    assert len(tasks) == 3
    named = {
        TaskRegistry().identify(parse(path, model="gpt-4o"), "triage").task
        for path in (CHAT, *others)
    }
    assert len(named) == 3


@pytest.mark.parametrize(
    ("options", "target"),
    [
        ({}, CHAT),
        ({"azure_deployment": "blue"}, CHAT.replace("gpt-test", "blue")),
    ],
    ids=["deployment named as the model", "deployment of the client"],
)
async def test_the_azure_client_gets_answers_of_the_teacher_and_the_surrogate(
    tmp_path: Path, options: dict[str, Any], target: str
) -> None:
    async with teaching() as teacher:
        url = teacher.url.removesuffix("/v1")
        async with serving(url, tmp_path) as plane:
            client = azure_client(plane, **options)
            create = client.chat.completions.with_raw_response.create
            first = await create(model="gpt-test", messages=MESSAGES)
            await until(lambda: len(plane.traces()) == 1)
            (record,) = plane.traces()
            await plane.push(certified(record["task"], audit=0.0))
            second = await create(model="gpt-test", messages=MESSAGES)
            stream = await client.chat.completions.create(
                model="gpt-test", messages=MESSAGES, stream=True
            )
            chunks = [chunk async for chunk in stream]
    assert first.parse().id == "chatcmpl-teacher"
    assert (record["teacher"], record["model"]) == ("refund", "gpt-test")
    assert float(record["cost"]) > 0
    assert second.headers["x-tracer-decision"] == "surrogate"
    assert second.parse().choices[0].message.content == "refund"
    content = [
        choice.delta.content or "" for chunk in chunks for choice in chunk.choices
    ]
    assert "".join(content) == "refund"
    (seen,) = teacher.seen
    assert seen.target.decode() == target
    assert seen.header("api-key") == "client-key"


async def test_an_audit_has_the_path_and_query_of_the_request(tmp_path: Path) -> None:
    async with teaching() as teacher:
        url = teacher.url.removesuffix("/v1")
        async with serving(url, tmp_path) as plane:
            create = azure_client(plane).chat.completions.create
            await create(model="gpt-test", messages=MESSAGES)
            await until(lambda: len(plane.traces()) == 1)
            await plane.push(certified(plane.traces()[0]["task"], audit=1.0))
            answer = await create(model="gpt-test", messages=MESSAGES)
            await until(lambda: len(teacher.seen) == 2)
    assert answer.choices[0].message.content == "refund"
    assert [seen.target.decode() for seen in teacher.seen] == [CHAT, CHAT]
    assert {seen.header("api-key") for seen in teacher.seen} == {"client-key"}


async def test_the_key_of_the_router_is_sent_in_the_header_of_azure(
    tmp_path: Path,
) -> None:
    key = tmp_path / "key"
    key.write_text("router-key")
    async with teaching() as teacher:
        url = teacher.url.removesuffix("/v1")
        async with serving(url, tmp_path, teacher_key_file=key) as plane:
            client = azure_client(plane)
            await client.chat.completions.create(model="gpt-test", messages=MESSAGES)
            await client.models.with_raw_response.list()
    for seen in teacher.seen:
        assert seen.header("api-key") == "router-key"
        assert seen.header("authorization") is None


@pytest.mark.parametrize(
    ("suffix", "endpoint"),
    [("", "/v1"), ("/openai", ""), ("/openai", "/v1"), ("/openai/v1", "")],
)
async def test_the_teacher_gets_the_path_of_azure_once(
    tmp_path: Path, suffix: str, endpoint: str
) -> None:
    async with teaching() as teacher:
        url = teacher.url.removesuffix("/v1") + suffix
        async with serving(url, tmp_path) as plane:
            client = azure_client(plane, endpoint)
            await client.chat.completions.create(model="gpt-test", messages=MESSAGES)
            await until(lambda: len(plane.traces()) == 1)
    assert [seen.target.decode() for seen in teacher.seen] == [CHAT]


async def test_an_error_of_the_router_has_the_format_of_azure(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path) as plane,
        plane.http.post(f"{plane.url}{CHAT}", data=b" " * (16 * 2**20 + 1)) as response,
    ):
        document = await response.json()
    assert response.status == 413
    assert document["error"]["code"] == "request_too_large"


async def test_a_sticky_split_forwards_the_path_and_query(tmp_path: Path) -> None:
    async with teaching() as teacher:
        url = teacher.url.removesuffix("/v1")
        async with (
            serving(url, tmp_path / "stable") as stable,
            serving(url, tmp_path / "candidate", revision=2) as candidate,
        ):
            divert = Diversion(revision=2, share=1.0, url=candidate.url)
            policy = RevisionPolicy(divert=divert)
            await stable.push(PolicyDocument(generation=1, revisions={"1": policy}))
            client = azure_client(stable)
            await client.chat.completions.create(model="gpt-test", messages=MESSAGES)
            counts = (await stable.evidence()).requests
    assert counts.diverted == 1
    assert [seen.target.decode() for seen in teacher.seen] == [CHAT]


async def test_an_accepted_key_is_accepted_for_its_deployment_only(
    tmp_path: Path,
) -> None:
    blue, green = (CHAT.replace("gpt-test", name) for name in ("blue", "green"))
    body = {"model": "gpt-test", "messages": MESSAGES}
    headers = {"api-key": "client-key"}
    async with teaching() as teacher:
        url = teacher.url.removesuffix("/v1")
        async with serving(url, tmp_path) as plane:
            tasks = tuple(task(path, model="gpt-test") for path in (blue, green))
            policy = RevisionPolicy(
                surrogate=True, audit=0.0, bundle=BUNDLE, tasks=tasks
            )
            await plane.push(PolicyDocument(generation=1, revisions={"1": policy}))
            decisions = []
            for path in (blue, blue, green, green):
                async with plane.http.post(
                    f"{plane.url}{path}", json=body, headers=headers
                ) as response:
                    decisions.append(response.headers.get("x-tracer-decision"))
    assert decisions == [None, "surrogate", None, "surrogate"]


def test_a_log_of_requests_to_azure_has_the_task_of_the_live_request() -> None:
    choice = {"message": {"content": "refund"}, "finish_reason": "stop", "index": 0}
    exchange = LoggedExchange(
        request={"messages": MESSAGES}, response={"choices": [choice]}, path=CHAT
    )
    record = build_record(exchange)
    assert record
    assert (record.task, record.model) == (task(CHAT), "gpt-test")
    assert record.teacher == "refund"
