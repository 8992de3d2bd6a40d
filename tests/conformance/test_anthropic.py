"""The official `anthropic` client cannot tell a router from the teacher."""

from collections.abc import Callable
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, DefaultHttpxClient

from clients import Outcome, Seen, outcome_of
from likeness import alike

TOOLS: Any = [
    {"name": name, "input_schema": {"type": "object"}} for name in ("route", "note")
]
CALLS = 'call route {"to": "billing", "urgent": true}\ncall note {"text": "ü"}'


def asked(text: Any, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    given = {"model": "m", "max_tokens": 64, "messages": messages}
    return {**given, "system": "Name the department.", **more}


def created(client: Anthropic, text: Any, **more: Any) -> Any:
    return client.messages.create(**asked(text, **more))


def events(client: Anthropic, text: Any, **more: Any) -> Any:
    return list(created(client, text, stream=True, **more))


def collected(client: Anthropic, text: Any, **more: Any) -> Any:
    """Use the helper that puts a stream together."""
    with client.messages.stream(**asked(text, **more)) as stream:
        kinds = [event.type for event in stream]
        return [kinds, stream.get_final_message()]


def counted(client: Anthropic) -> Any:
    given: Any = {"model": "m", "messages": [{"role": "user", "content": "Refund"}]}
    return client.messages.count_tokens(**given)


SCENARIOS: dict[str, Callable[[Anthropic], Any]] = {
    "messages": lambda c: created(c, "Refund my order"),
    "messages, cached parts": lambda c: created(
        c,
        [{"type": "text", "text": "Refund", "cache_control": {"type": "ephemeral"}}],
        system=[{"type": "text", "text": "Be brief."}],
    ),
    "messages, sampling": lambda c: created(c, "Refund", stop_sequences=["x"]),
    "messages, several turns": lambda c: c.messages.create(
        model="m",
        max_tokens=64,
        messages=[
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "What is it?"},
            {"role": "user", "content": "Refund"},
        ],
    ),
    "messages, stream": lambda c: events(c, "say Billing, refunds"),
    "messages, stream helper": lambda c: collected(c, "say Billing, refunds"),
    "messages, tool": lambda c: created(c, CALLS.splitlines()[0], tools=TOOLS),
    "messages, parallel tools": lambda c: created(c, CALLS, tools=TOOLS),
    "messages, stream of tools": lambda c: events(c, CALLS, tools=TOOLS),
    "messages, stream helper of tools": lambda c: collected(c, CALLS, tools=TOOLS),
}
"""What a surrogate can answer."""

RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Refund done"}
DEFERRED: dict[str, Callable[[Anthropic], Any]] = {
    "messages, thinking": lambda c: created(
        c, "Refund", thinking={"type": "enabled", "budget_tokens": 32}
    ),
    "messages, tool of Anthropic's": lambda c: created(
        c, "Refund", tools=[{"type": "web_search_20250305", "name": "web_search"}]
    ),
    "messages, image": lambda c: created(
        c,
        [
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "AA=="},
            }
        ],
    ),
    "messages, result of a tool": lambda c: c.messages.create(
        model="m",
        max_tokens=64,
        tools=TOOLS,
        messages=[
            {"role": "user", "content": "Hello"},
            {
                "role": "assistant",
                "content": [
                    {"type": "tool_use", "id": "toolu_1", "name": "route", "input": {}}
                ],
            },
            {"role": "user", "content": [RESULT]},
        ],
    ),
    "messages, begun answer": lambda c: c.messages.create(
        model="m",
        max_tokens=64,
        messages=[
            {"role": "user", "content": "Refund"},
            {"role": "assistant", "content": "The department is"},
        ],
    ),
    "messages, beta": lambda c: c.beta.messages.create(
        **asked("Refund"), betas=["some-beta-2026-01-01"]
    ),
    "count of tokens": counted,
    "models": lambda c: list(c.models.list()),
    "400": lambda c: created(c, "fail 400"),
    "401": lambda c: created(c, "fail 401"),
    "403": lambda c: created(c, "fail 403"),
    "404": lambda c: created(c, "fail 404"),
    "429": lambda c: created(c, "fail 429"),
    "500": lambda c: created(c, "fail 500"),
    "529": lambda c: created(c, "fail 529"),
    "stream, 529": lambda c: events(c, "fail 529"),
    "stream lost midway": lambda c: events(c, "fail midway"),
    "malformed answer": lambda c: created(c, "fail garbled"),
    "timeout": lambda c: created(c.with_options(timeout=0.3), "fail slowly"),
    "retried": lambda c: created(c.with_options(max_retries=2), "fail 429"),
}
"""What is the teacher's alone, its errors and its silence included."""


def run(
    url: str, scenario: Callable[[Anthropic], Any], pieces: int
) -> tuple[Outcome, Seen]:
    seen = Seen()
    http = DefaultHttpxClient(verify=False, event_hooks={"response": [seen.note]})
    told = {"x-stub-pieces": str(pieces)}
    with Anthropic(
        base_url=url,
        api_key="sk-ant",
        max_retries=0,
        http_client=http,
        default_headers=told,
    ) as client:
        errors = (anthropic.AnthropicError, httpx2.HTTPError, OSError, ValueError)
        return outcome_of(lambda: scenario(client), errors), seen


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_surrogates_answer_is_like_the_teachers(
    stage: dict[str, str], name: str
) -> None:
    teachers, _ = run(stage["direct"], SCENARIOS[name], pieces=1)
    answer, seen = run(stage["surrogate"], SCENARIOS[name], pieces=1)
    assert seen.by_surrogate
    assert teachers.error is None
    assert alike(answer.result) == alike(teachers.result)


@pytest.mark.parametrize("router", ["through", "through HTTP/2"])
@pytest.mark.parametrize("name", [*SCENARIOS, *DEFERRED])
def test_a_router_that_passes_through_changes_nothing(
    stage: dict[str, str], name: str, router: str
) -> None:
    scenario = {**SCENARIOS, **DEFERRED}[name]
    teachers, direct = run(stage["direct"], scenario, pieces=2)
    answer, seen = run(stage[router], scenario, pieces=2)
    assert answer == teachers
    assert seen == direct


@pytest.mark.parametrize("name", DEFERRED)
def test_what_is_the_teachers_alone_is_the_same_beside_a_surrogate(
    stage: dict[str, str], name: str
) -> None:
    teachers, direct = run(stage["direct"], DEFERRED[name], pieces=2)
    answer, seen = run(stage["surrogate"], DEFERRED[name], pieces=2)
    assert answer == teachers
    assert seen == direct


def test_errors_are_the_clients_own_exceptions(stage: dict[str, str]) -> None:
    names = {
        status: run(stage["through"], DEFERRED[status], pieces=2)[0].error
        for status in ("400", "401", "429", "529")
    }
    assert names == {
        "400": "BadRequestError",
        "401": "AuthenticationError",
        "429": "RateLimitError",
        "529": "OverloadedError",
    }


OURS: dict[str, Callable[[Anthropic], Any]] = {
    "messages": lambda c: created(c, "Refund"),
    "messages, stream": lambda c: events(c, "Refund"),
    "count of tokens": counted,
}


@pytest.mark.parametrize("name", OURS)
def test_a_teacher_that_is_down_is_an_exception_that_says_so(
    stage: dict[str, str], name: str
) -> None:
    outcome, _ = run(stage["deaf"], OURS[name], pieces=1)
    assert (outcome.error, outcome.about["status_code"]) == ("InternalServerError", 502)
    assert outcome.about["body"]["error"]["type"] == "api_error"
    assert "The teacher could not be reached" in outcome.about["message"]


def test_a_request_that_is_too_large_is_an_exception_that_says_so(
    stage: dict[str, str],
) -> None:
    outcome, _ = run(stage["deaf"], lambda c: created(c, "x" * 20_000), pieces=1)
    assert outcome.about["status_code"] == 413
    assert outcome.about["body"]["error"]["type"] == "request_too_large"
