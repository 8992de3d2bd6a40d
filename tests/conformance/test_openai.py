"""The official `openai` client cannot distinguish a router from the teacher."""

from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai import DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI
from pydantic import BaseModel

from clients import MODES, Outcome, SeenResponses, outcome_of
from likeness import comparable

SYSTEM = {"role": "system", "content": "Name the department."}
TOOLS: Any = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("route", "note")
]
FLAT_TOOLS: Any = [{"type": "function", **tool["function"]} for tool in TOOLS]
CALLS = 'call route {"to": "billing", "urgent": true}\ncall note {"text": "ü"}'


class Ticket(BaseModel):
    """The type of a structured answer."""

    department: str
    urgent: bool


TICKET = 'say {"department": "billing", "urgent": true}'


def chat(text: Any, **more: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "messages": [SYSTEM, {"role": "user", "content": text}],
        **more,
    }


def created(client: OpenAI, text: Any, **more: Any) -> Any:
    return client.chat.completions.create(**chat(text, **more))


def chunks(client: OpenAI, text: Any, **more: Any) -> Any:
    return list(created(client, text, stream=True, **more))


def collected(client: OpenAI, text: str, **more: Any) -> Any:
    """Use the helper that assembles a stream."""
    with client.chat.completions.stream(**chat(text, **more)) as stream:
        events = [event.type for event in stream]
        return [events, stream.get_final_completion()]


def parsed(client: OpenAI) -> Any:
    return client.chat.completions.parse(**chat(TICKET), response_format=Ticket)


def raw(client: OpenAI) -> Any:
    answer = client.chat.completions.with_raw_response.create(**chat("Refund"))
    return [answer.status_code, answer.http_response.headers["content-type"]]


def respond(client: OpenAI, text: Any, **more: Any) -> Any:
    return client.responses.create(model="m", input=text, **{"store": False, **more})


def response_events(client: OpenAI, text: Any, **more: Any) -> Any:
    return list(respond(client, text, stream=True, **more))


def response_stream(client: OpenAI) -> Any:
    with client.responses.stream(model="m", input="Refund", store=False) as stream:
        events = [event.type for event in stream]
        return [events, stream.get_final_response().output_text]


def parsed_response(client: OpenAI) -> Any:
    arguments: Any = {"model": "m", "input": TICKET, "store": False}
    return client.responses.parse(**arguments, text_format=Ticket).output_parsed


def complete(client: OpenAI, **more: Any) -> Any:
    return client.completions.create(model="m", prompt="Refund please", **more)


SCENARIOS: dict[str, Callable[[OpenAI], Any]] = {
    "chat": lambda c: created(c, "Refund my order"),
    "chat, text parts": lambda c: created(c, [{"type": "text", "text": "Refund it"}]),
    "chat, sampling and stop": lambda c: created(c, "Refund", temperature=0, stop="\n"),
    "chat, several turns": lambda c: c.chat.completions.create(
        model="m",
        messages=[
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "What is it?"},
            {"role": "user", "content": "Refund"},
        ],
    ),
    "chat, stream": lambda c: chunks(c, "say Billing, refunds"),
    "chat, stream with usage": lambda c: chunks(
        c, "say Billing, refunds", stream_options={"include_usage": True}
    ),
    "chat, stream helper": lambda c: collected(c, "say Billing, refunds"),
    "chat, tool": lambda c: created(c, CALLS.splitlines()[0], tools=TOOLS),
    "chat, parallel tools": lambda c: created(c, CALLS, tools=TOOLS),
    "chat, stream of tools": lambda c: chunks(c, CALLS, tools=TOOLS),
    "chat, stream helper of tools": lambda c: collected(c, CALLS, tools=TOOLS),
    "chat, JSON mode": lambda c: created(
        c, 'say {"a":1}', response_format={"type": "json_object"}
    ),
    "chat, parsed by a schema": parsed,
    "chat, raw response": raw,
    "responses": lambda c: respond(c, "Refund my order", instructions="Be brief."),
    "responses, messages": lambda c: respond(
        c, [{"role": "user", "content": [{"type": "input_text", "text": "Refund"}]}]
    ),
    "responses, stream": lambda c: response_events(c, "say Billing, refunds"),
    "responses, stream helper": response_stream,
    "responses, parallel tools": lambda c: respond(c, CALLS, tools=FLAT_TOOLS),
    "responses, stream of tools": lambda c: response_events(c, CALLS, tools=FLAT_TOOLS),
    "responses, parsed by a schema": parsed_response,
    "completions": complete,
    "completions, stream": lambda c: list(complete(c, stream=True)),
}
"""What a surrogate can answer."""

IMAGE = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]
DEFERRED: dict[str, Callable[[OpenAI], Any]] = {
    "chat, n": lambda c: created(c, "Refund", n=2),
    "chat, logprobs": lambda c: created(c, "Refund", logprobs=True, top_logprobs=0),
    "chat, image": lambda c: created(c, IMAGE),
    "chat, result of a tool": lambda c: c.chat.completions.create(
        model="m",
        tools=TOOLS,
        messages=[
            {"role": "user", "content": "Hello"},
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "route", "arguments": "{}"},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "Refund done"},
        ],
    ),
    "responses, stored": lambda c: respond(c, "Refund", store=True),
    "responses, continued": lambda c: respond(
        c, "Go on", previous_response_id="resp_1"
    ),
    "responses, built-in tool": lambda c: respond(
        c, "Refund", tools=[{"type": "web_search"}]
    ),
    "responses, retrieved": lambda c: c.responses.retrieve("resp_1").model_dump(),
    "completions, echo": lambda c: complete(c, echo=True),
    "models": lambda c: list(c.models.list()),
    "embeddings": lambda c: c.embeddings.create(
        model="e", input="Refund", encoding_format="float"
    ),
    "file upload": lambda c: c.files.create(file=b"x" * 100_000, purpose="batch"),
    "file content": lambda c: c.files.content("file_1").read(),
    "unknown path": lambda c: c.get("/a%2Fb?x=%20y", cast_to=dict[str, Any]),
    "chat, 400": lambda c: created(c, "fail 400"),
    "chat, 401": lambda c: created(c, "fail 401"),
    "chat, 403": lambda c: created(c, "fail 403"),
    "chat, 404": lambda c: created(c, "fail 404"),
    "chat, 429": lambda c: created(c, "fail 429"),
    "chat, 500": lambda c: created(c, "fail 500"),
    "chat, 503": lambda c: created(c, "fail 503"),
    "chat, stream, 429": lambda c: chunks(c, "fail 429"),
    "chat, stream lost midway": lambda c: chunks(c, "fail midway"),
    "chat, malformed answer": lambda c: created(c, "fail garbled"),
    "chat, timeout": lambda c: created(c.with_options(timeout=0.3), "fail slowly"),
    "chat, retried": lambda c: created(c.with_options(max_retries=2), "fail 429"),
    "responses, 429": lambda c: respond(c, "fail 429"),
    "responses, stream lost midway": lambda c: response_events(c, "fail midway"),
    "completions, 500": lambda c: c.completions.create(model="m", prompt="fail 500"),
}
"""Scenarios that only the teacher answers, including errors and timeouts."""


def run(
    url: str, scenario: Callable[[OpenAI], Any], pieces: int
) -> tuple[Outcome, SeenResponses]:
    seen = SeenResponses()
    http = DefaultHttpxClient(verify=False, event_hooks={"response": [seen.record]})
    headers = {"x-stub-pieces": str(pieces)}
    with OpenAI(
        base_url=f"{url}/v1",
        api_key="sk-client",
        max_retries=0,
        http_client=http,
        default_headers=headers,
    ) as client:
        errors = (openai.OpenAIError, ConnectionError, OSError, ValueError)
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
        status: run(stage["through"], DEFERRED[f"chat, {status}"], pieces=2)[0].error
        for status in (400, 401, 403, 404, 429, 500)
    }
    assert names == {
        400: "BadRequestError",
        401: "AuthenticationError",
        403: "PermissionDeniedError",
        404: "NotFoundError",
        429: "RateLimitError",
        500: "InternalServerError",
    }


@pytest.mark.parametrize("mode", MODES)
async def test_the_asynchronous_client_gets_equal_responses(
    stage: dict[str, str], mode: str
) -> None:
    results = []
    for url in (stage["direct"], stage[mode]):
        http = DefaultAsyncHttpxClient(verify=False)
        headers = {"x-stub-pieces": "1"}
        async with openai.AsyncOpenAI(
            base_url=f"{url}/v1", api_key="k", http_client=http, default_headers=headers
        ) as client:
            complete_answer = await client.chat.completions.create(**chat("Refund"))
            stream = await client.chat.completions.create(
                **chat("say Billing, refunds"), stream=True
            )
            results.append([complete_answer, [chunk async for chunk in stream]])
    one, two = (comparable(outcome_of(lambda r=r: r, OSError).result) for r in results)
    assert one == two


ROUTER_ERRORS: dict[str, Callable[[OpenAI], Any]] = {
    "chat": lambda c: created(c, "Refund"),
    "chat, stream": lambda c: chunks(c, "Refund"),
    "responses": lambda c: respond(c, "Refund"),
    "models": lambda c: c.models.list(),
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
    assert outcome.details["code"] == "teacher_unreachable"
    assert "The teacher could not be reached" in outcome.details["message"]


def test_a_request_that_is_too_large_raises_an_exception_with_the_cause(
    stage: dict[str, str],
) -> None:
    outcome, _ = run(stage["unreachable"], lambda c: created(c, "x" * 20_000), pieces=1)
    assert outcome.details["status_code"] == 413
    assert outcome.details["code"] == "request_too_large"
