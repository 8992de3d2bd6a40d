"""Parsing arbitrary input of clients and teachers raises no exception.

After an exception the teacher answers, but the fault is counted against the revision.
Malformed input must not be counted.
"""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.questions import ADAPTERS, parse_sample
from tracer_bentos.protocols.adapter import Adapter, TeacherReply
from tracer_bentos.protocols.generic_http.adapter import GenericHttpAdapter
from tracer_bentos.protocols.generic_http.selector import JsonSelector
from tracer_bentos.tasks.registry import TaskRegistry

pytestmark = pytest.mark.slow

WORDS = [
    *("model", "messages", "input", "prompt", "system", "instructions", "role", "user"),
    *("assistant", "developer", "content", "text", "type", "input_text", "tools"),
    *("function", "name", "tool_choice", "response_format", "json_object", "format"),
    *("stream", "stream_options", "include_usage", "store", "n", "thinking", "any"),
    *("choices", "message", "delta", "index", "finish_reason", "stop", "tool_calls"),
    *("arguments", "output", "output_text", "message_start", "usage", "response"),
    *("content_block_start", "content_block", "content_block_delta", "text_delta"),
    *("status", "completed", "stop_reason", "end_turn", "tool_use", "annotations"),
    *("input_tokens", "output_tokens", "prompt_tokens", "completion_tokens", "error"),
    *("output_config", "parallel_tool_calls", "disabled", "message_delta", "a", ""),
]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([*WORDS, "\ud800", "\U0001f600"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5)
    ),
    max_leaves=25,
)
FIELDS = st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=6)
GENERIC = GenericHttpAdapter(
    "/a", (JsonSelector.parse("$.input[*]"),), JsonSelector.parse("$.output")
)
ALL_ADAPTERS: tuple[Adapter, ...] = (*ADAPTERS, GENERIC)
LABELS = ("text", '{"a":1}', '{"tool_calls":[["name",{"a":1}]],"text":"b"}')


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(ALL_ADAPTERS), FIELDS, st.sampled_from(LABELS))
def test_parsing_any_document_raises_nothing(
    adapter: Adapter, changes: dict[str, Any], label: str
) -> None:
    if adapter is GENERIC:
        request = adapter.parse_request(json.dumps(changes).encode())
    else:
        request = parse_sample(adapter, **changes)
    if request is None:
        return
    TaskRegistry().identify(request)
    TaskRegistry().identify(request, "named")
    adapter.render(request, label)
    adapter.parse_response(request, TeacherReply(200, "application/json", b"{}"))
    assert json.loads(adapter.audit_body(request))


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(ADAPTERS), st.lists(VALUES, max_size=4), st.booleans())
def test_parsing_any_response_raises_nothing(
    adapter: Adapter, documents: list[Any], stream: bool
) -> None:
    request = parse_sample(adapter, stream=stream)
    assert request
    if stream:
        events = (f"data: {json.dumps(document)}\n\n" for document in documents)
        reply = TeacherReply(200, "text/event-stream", "".join(events).encode())
    else:
        reply = TeacherReply(
            200, "application/json", json.dumps(documents[:1]).encode()
        )
    adapter.parse_response(request, reply)


@given(st.sampled_from(ALL_ADAPTERS), st.binary(max_size=50))
def test_a_parsed_body_is_json(adapter: Adapter, body: bytes) -> None:
    if adapter.parse_request(body) is not None:
        json.loads(body)
