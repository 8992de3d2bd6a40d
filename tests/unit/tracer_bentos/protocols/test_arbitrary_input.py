"""Whatever a client or a teacher sends, reading it raises nothing.

A fault of ours sends the request to the teacher, but it is counted against the
revision; what is merely malformed must not be.
"""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.questions import ADAPTERS, asked_of
from tracer_bentos.protocols.adapter import Adapter, TeacherReply
from tracer_bentos.protocols.generic_http.endpoint import GenericHttpAdapter
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
PLAIN = GenericHttpAdapter(
    "/a", (JsonSelector.parse("$.input[*]"),), JsonSelector.parse("$.output")
)
PROTOCOLS: tuple[Adapter, ...] = (*ADAPTERS, PLAIN)
LABELS = ("text", '{"a":1}', '{"tool_calls":[["name",{"a":1}]],"text":"b"}')


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(PROTOCOLS), FIELDS, st.sampled_from(LABELS))
def test_any_document_is_a_question_or_is_not(
    adapter: Adapter, changes: dict[str, Any], label: str
) -> None:
    small = {} if adapter is PLAIN else None
    if small is None:
        asked = asked_of(adapter, **changes)
    else:
        asked = adapter.parse_request(json.dumps(changes).encode())
    if asked is None:
        return
    TaskRegistry().identify(asked)
    TaskRegistry().identify(asked, "named")
    adapter.render(asked, label)
    adapter.parse_response(asked, TeacherReply(200, "application/json", b"{}"))
    assert json.loads(adapter.audit_body(asked))


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(ADAPTERS), st.lists(VALUES, max_size=4), st.booleans())
def test_any_response_is_an_answer_or_is_not(
    adapter: Adapter, documents: list[Any], stream: bool
) -> None:
    asked = asked_of(adapter, stream=stream)
    assert asked
    if stream:
        events = (f"data: {json.dumps(each)}\n\n" for each in documents)
        reply = TeacherReply(200, "text/event-stream", "".join(events).encode())
    else:
        reply = TeacherReply(
            200, "application/json", json.dumps(documents[:1]).encode()
        )
    adapter.parse_response(asked, reply)


@given(st.sampled_from(PROTOCOLS), st.binary(max_size=50))
def test_any_bytes_are_left_to_the_teacher(adapter: Adapter, body: bytes) -> None:
    if adapter.parse_request(body) is not None:
        json.loads(body)
