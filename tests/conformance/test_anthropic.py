"""The official `anthropic` client cannot distinguish a router from the teacher."""

from collections.abc import Callable
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, DefaultHttpxClient

from clients import Outcome, SeenResponses, outcome_of
from likeness import comparable

TOOLS: Any = [
    {"name": name, "input_schema": {"type": "object"}} for name in ("route", "note")
]
CALLS = 'call route {"to": "billing", "urgent": true}\ncall note {"text": "ü"}'


def arguments_for(text: Any, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    arguments = {"model": "m", "max_tokens": 64, "messages": messages}
    return {**arguments, "system": "Name the department.", **more}


def created(client: Anthropic, text: Any, **more: Any) -> Any:
    return client.messages.create(**arguments_for(text, **more))


def events(client: Anthropic, text: Any, **more: Any) -> Any:
    return list(created(client, text, stream=True, **more))


def collected(client: Anthropic, text: Any, **more: Any) -> Any:
    """Use the helper that assembles a stream."""
    with client.messages.stream(**arguments_for(text, **more)) as stream:
        kinds = [event.type for event in stream]
        return [kinds, stream.get_final_message()]


def counted(client: Anthropic) -> Any:
    arguments: Any = {"model": "m", "messages": [{"role": "user", "content": "Refund"}]}
    return client.messages.count_tokens(**arguments)


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
"""Scenarios that a surrogate can answer."""

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
    "messages, prefilled answer": lambda c: c.messages.create(
        model="m",
        max_tokens=64,
        messages=[
            {"role": "user", "content": "Refund"},
            {"role": "assistant", "content": "The department is"},
        ],
    ),
    "messages, beta": lambda c: c.beta.messages.create(
        **arguments_for("Refund"), betas=["some-beta-2026-01-01"]
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
"""Scenarios that only the teacher answers, including errors and timeouts."""


def run(
    url: str, scenario: Callable[[Anthropic], Any], pieces: int
) -> tuple[Outcome, SeenResponses]:
    seen = SeenResponses()
    http = DefaultHttpxClient(verify=False, event_hooks={"response": [seen.record]})
    headers = {"x-stub-pieces": str(pieces)}
    with Anthropic(
        base_url=url,
        api_key="sk-ant",
        max_retries=0,
        http_client=http,
        default_headers=headers,
    ) as client:
        errors = (anthropic.AnthropicError, httpx2.HTTPError, OSError, ValueError)
        return outcome_of(lambda: scenario(client), errors), seen


@pytest.mark.parametrize("name", SCENARIOS)
def test_an_answer_of_the_surrogate_equals_that_of_the_teacher(
    stage: dict[str, str], name: str
) -> None:
    expected, _ = run(stage["direct"], SCENARIOS[name], pieces=1)
    answer, seen = run(stage["surrogate"], SCENARIOS[name], pieces=1)
    assert seen.by_surrogate
    assert expected.error is None
    assert comparable(answer.result) == comparable(expected.result)


@pytest.mark.parametrize("router", ["through", "through HTTP/2"])
@pytest.mark.parametrize("name", [*SCENARIOS, *DEFERRED])
def test_a_router_without_a_surrogate_changes_nothing(
    stage: dict[str, str], name: str, router: str
) -> None:
    scenario = {**SCENARIOS, **DEFERRED}[name]
    expected, direct = run(stage["direct"], scenario, pieces=2)
    answer, seen = run(stage[router], scenario, pieces=2)
    assert answer == expected
    assert seen == direct


@pytest.mark.parametrize("name", DEFERRED)
def test_a_router_with_a_surrogate_changes_no_other_response(
    stage: dict[str, str], name: str
) -> None:
    expected, direct = run(stage["direct"], DEFERRED[name], pieces=2)
    answer, seen = run(stage["surrogate"], DEFERRED[name], pieces=2)
    assert answer == expected
    assert seen == direct


def test_errors_raise_the_exceptions_of_the_client(stage: dict[str, str]) -> None:
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


ROUTER_ERRORS: dict[str, Callable[[Anthropic], Any]] = {
    "messages": lambda c: created(c, "Refund"),
    "messages, stream": lambda c: events(c, "Refund"),
    "count of tokens": counted,
}


@pytest.mark.parametrize("name", ROUTER_ERRORS)
def test_an_unreachable_teacher_raises_an_exception_with_the_cause(
    stage: dict[str, str], name: str
) -> None:
    outcome, _ = run(stage["unreachable"], ROUTER_ERRORS[name], pieces=1)
    assert (outcome.error, outcome.details["status_code"]) == (
        "InternalServerError",
        502,
    )
    assert outcome.details["body"]["error"]["type"] == "api_error"
    assert "The teacher could not be reached" in outcome.details["message"]


def test_a_request_that_is_too_large_raises_an_exception_with_the_cause(
    stage: dict[str, str],
) -> None:
    outcome, _ = run(stage["unreachable"], lambda c: created(c, "x" * 20_000), pieces=1)
    assert outcome.details["status_code"] == 413
    assert outcome.details["body"]["error"]["type"] == "request_too_large"
