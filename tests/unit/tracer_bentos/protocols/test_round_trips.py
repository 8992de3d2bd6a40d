"""Common behavior of all adapters: a rendered label is parsed to the same label."""

import json

import pytest

from support.questions import ADAPTERS, TOOL_ADAPTERS, client_tools, parse_sample
from tracer_bentos.protocols.adapter import (
    Adapter,
    ParsedResponse,
    RequestTarget,
    TeacherReply,
)
from tracer_bentos.protocols.tokens import TokenUsage, parse_usage
from tracer_core.contracts.traces import TraceStatus

TEXTS = ["refund", "two\nlines", 'a "quoted" ü', "data: [DONE]\n\ndata: x", '{"a":1}']
CALLS = [
    '{"tool_calls":[["route",{}]]}',
    '{"tool_calls":[["route",{"a":"ü","b":[1,2.5,null]}],["route",{}]]}',
    '{"tool_calls":[["route",{"a":1}]],"text":"Let me see."}',
]
ZERO_USAGE = TokenUsage(prompt=0, completion=0)


def adapter_name(adapter: Adapter) -> str:
    return adapter.name


def render_and_parse(adapter: Adapter, label: str, **changes: object) -> ParsedResponse:
    request = parse_sample(adapter, **changes)
    assert request
    rendered = adapter.render(request, label)
    assert rendered
    return adapter.parse_response(
        request, TeacherReply(200, rendered.content_type, rendered.content)
    )


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("adapter", ADAPTERS, ids=adapter_name)
def test_a_rendered_text_is_parsed_to_the_same_label(
    adapter: Adapter, text: str, stream: bool
) -> None:
    answer = render_and_parse(adapter, text, stream=stream)
    assert (answer.status, answer.label) == (TraceStatus.OK, text)
    assert answer.usage in (ZERO_USAGE, None)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("label", CALLS)
@pytest.mark.parametrize("adapter", TOOL_ADAPTERS, ids=adapter_name)
def test_rendered_tool_calls_are_parsed_to_the_same_label(
    adapter: Adapter, label: str, stream: bool
) -> None:
    answer = render_and_parse(
        adapter, label, stream=stream, tools=client_tools(adapter)
    )
    assert (answer.status, answer.label) == (TraceStatus.OK, label)


@pytest.mark.parametrize("adapter", ADAPTERS, ids=adapter_name)
def test_tool_calls_are_not_rendered_without_declared_tools(
    adapter: Adapter,
) -> None:
    request = parse_sample(adapter)
    assert request
    assert adapter.render(request, CALLS[0]) is None


@pytest.mark.parametrize("adapter", ADAPTERS, ids=adapter_name)
@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'{"choices": 1}'])
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_a_response_in_another_format_is_not_a_label(
    adapter: Adapter, content: bytes, kind: str
) -> None:
    request = parse_sample(adapter)
    assert request
    answer = adapter.parse_response(request, TeacherReply(200, kind, content))
    assert answer == ParsedResponse(TraceStatus.ABNORMAL)


@pytest.mark.parametrize("adapter", ADAPTERS, ids=adapter_name)
def test_an_error_of_the_teacher_is_not_an_answer(adapter: Adapter) -> None:
    request = parse_sample(adapter)
    assert request
    assert adapter.parse_response(
        request, TeacherReply(500, "", b"")
    ) == ParsedResponse(TraceStatus.FAILED)


@pytest.mark.parametrize("count", [-1, 10**12, 1.5, "7", None, float("inf")])
def test_implausible_token_counts_are_none(count: object) -> None:
    assert parse_usage(count, 1) is None
    assert parse_usage(1, count) is None
    assert parse_usage(7, 1) == TokenUsage(7, 1)


@pytest.mark.parametrize("adapter", ADAPTERS, ids=adapter_name)
def test_an_incomplete_stream_is_not_a_label(adapter: Adapter) -> None:
    request = parse_sample(adapter, stream=True)
    assert request
    rendered = adapter.render(request, "refund")
    assert rendered
    events = rendered.content.split(b"\n\n")
    ends = (b"finish_reason", b"response.completed", b'stop_reason":"end')
    for length in range(len(events)):
        part = b"\n\n".join(events[:length]) + b"\n\n"
        if any(end in part.replace(b'"finish_reason":null', b"") for end in ends):
            break
        reply = TeacherReply(200, rendered.content_type, part)
        answer = adapter.parse_response(request, reply)
        assert answer.label is None


@pytest.mark.parametrize("adapter", ADAPTERS, ids=adapter_name)
def test_an_audit_sends_the_same_request_without_streaming(adapter: Adapter) -> None:
    streamed = parse_sample(adapter, stream=True, temperature=0.5)
    plain = parse_sample(adapter, temperature=0.5)
    assert streamed
    assert plain
    assert json.loads(adapter.audit_body(streamed)) == plain.document


@pytest.mark.parametrize("adapter", ADAPTERS, ids=adapter_name)
@pytest.mark.parametrize(
    "body", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000, b'{"model": 1}', b'"a"']
)
def test_a_body_that_is_not_a_request_is_not_parsed(
    adapter: Adapter, body: bytes
) -> None:
    assert adapter.parse_request(body) is None


@pytest.mark.parametrize("adapter", ADAPTERS, ids=adapter_name)
def test_a_request_with_an_invalid_stream_field_is_not_parsed(adapter: Adapter) -> None:
    assert parse_sample(adapter, stream="yes") is None
    assert parse_sample(adapter, stream_options="usage") is None


@pytest.mark.parametrize("adapter", ADAPTERS, ids=adapter_name)
def test_an_error_of_the_router_contains_its_message(adapter: Adapter) -> None:
    api = adapter.conventions(RequestTarget.from_post(adapter.exact_paths[0]))
    body = json.loads(api.error_body(502, "gone", "api_connection_error", "down"))
    assert body["error"]["message"] == "gone"
