"""What every protocol must do alike: labels are rendered so that they read the same."""

import json

import pytest

from support.questions import ADAPTERS, CALLERS, asked_of, tools_of
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
NOTHING_BILLED = TokenUsage(prompt=0, completion=0)


def named(adapter: Adapter) -> str:
    return adapter.name


def read_again(adapter: Adapter, label: str, **changes: object) -> ParsedResponse:
    asked = asked_of(adapter, **changes)
    assert asked
    rendered = adapter.render(asked, label)
    assert rendered
    return adapter.parse_response(
        asked, TeacherReply(200, rendered.content_type, rendered.content)
    )


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("adapter", ADAPTERS, ids=named)
def test_a_text_reads_as_it_was_rendered(
    adapter: Adapter, text: str, stream: bool
) -> None:
    answer = read_again(adapter, text, stream=stream)
    assert (answer.status, answer.label) == (TraceStatus.OK, text)
    assert answer.usage in (NOTHING_BILLED, None)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("label", CALLS)
@pytest.mark.parametrize("adapter", CALLERS, ids=named)
def test_tool_calls_read_as_they_were_rendered(
    adapter: Adapter, label: str, stream: bool
) -> None:
    answer = read_again(adapter, label, stream=stream, tools=tools_of(adapter))
    assert (answer.status, answer.label) == (TraceStatus.OK, label)


@pytest.mark.parametrize("adapter", ADAPTERS, ids=named)
def test_tool_calls_are_not_rendered_where_no_tool_was_offered(
    adapter: Adapter,
) -> None:
    asked = asked_of(adapter)
    assert asked
    assert adapter.render(asked, CALLS[0]) is None


@pytest.mark.parametrize("adapter", ADAPTERS, ids=named)
@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'{"choices": 1}'])
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_a_response_of_another_shape_is_no_label(
    adapter: Adapter, content: bytes, kind: str
) -> None:
    asked = asked_of(adapter)
    assert asked
    answer = adapter.parse_response(asked, TeacherReply(200, kind, content))
    assert answer == ParsedResponse(TraceStatus.ABNORMAL)


@pytest.mark.parametrize("adapter", ADAPTERS, ids=named)
def test_an_error_of_the_teachers_is_no_answer(adapter: Adapter) -> None:
    asked = asked_of(adapter)
    assert asked
    assert adapter.parse_response(asked, TeacherReply(500, "", b"")) == ParsedResponse(
        TraceStatus.FAILED
    )


@pytest.mark.parametrize("count", [-1, 10**12, 1.5, "7", None, float("inf")])
def test_counts_of_tokens_that_cannot_be_true_are_none(count: object) -> None:
    assert parse_usage(count, 1) is None
    assert parse_usage(1, count) is None
    assert parse_usage(7, 1) == TokenUsage(7, 1)


@pytest.mark.parametrize("adapter", ADAPTERS, ids=named)
def test_a_stream_cut_short_is_no_label(adapter: Adapter) -> None:
    asked = asked_of(adapter, stream=True)
    assert asked
    rendered = adapter.render(asked, "refund")
    assert rendered
    events = rendered.content.split(b"\n\n")
    ends = (b"finish_reason", b"response.completed", b'stop_reason":"end')
    for length in range(len(events)):
        part = b"\n\n".join(events[:length]) + b"\n\n"
        if any(end in part.replace(b'"finish_reason":null', b"") for end in ends):
            break
        reply = TeacherReply(200, rendered.content_type, part)
        answer = adapter.parse_response(asked, reply)
        assert answer.label is None


@pytest.mark.parametrize("adapter", ADAPTERS, ids=named)
def test_an_audit_asks_the_same_in_one_piece(adapter: Adapter) -> None:
    streamed = asked_of(adapter, stream=True, temperature=0.5)
    plain = asked_of(adapter, temperature=0.5)
    assert streamed
    assert plain
    assert json.loads(adapter.audit_body(streamed)) == plain.document


@pytest.mark.parametrize("adapter", ADAPTERS, ids=named)
@pytest.mark.parametrize(
    "body", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000, b'{"model": 1}', b'"a"']
)
def test_what_is_no_request_is_left_to_the_teacher(
    adapter: Adapter, body: bytes
) -> None:
    assert adapter.parse_request(body) is None


@pytest.mark.parametrize("adapter", ADAPTERS, ids=named)
def test_an_unclear_stream_is_left_to_the_teacher(adapter: Adapter) -> None:
    assert asked_of(adapter, stream="yes") is None
    assert asked_of(adapter, stream_options="usage") is None


@pytest.mark.parametrize("adapter", ADAPTERS, ids=named)
def test_an_error_of_ours_is_a_document_with_its_message(adapter: Adapter) -> None:
    api = adapter.conventions(RequestTarget.from_post(adapter.exact_paths[0]))
    body = json.loads(api.error_body(502, "gone", "api_connection_error", "down"))
    assert body["error"]["message"] == "gone"
