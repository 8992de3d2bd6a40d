"""Logs of whole requests result in the same traces as live traffic."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from support.serving_plane import serving, until
from support.serving_teacher import Teacher, teaching
from tracer_bentos.redaction.standard import StandardRedactor
from tracer_bentos.training.data.reader import LineFault, read_lines
from tracer_bentos.training.data.redaction_filter import redact_as_served
from tracer_core.contracts.traces import TraceRecord, TraceStatus

REQUEST = {
    "model": "gpt-test",
    "messages": [
        {"role": "system", "content": "Name the department."},
        {"role": "user", "content": "Refund for jane@example.com"},
    ],
}
ANSWER = {
    "choices": [{"message": {"content": "billing"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 1},
}
MESSAGE = {"content": [{"type": "text", "text": "billing"}], "stop_reason": "end_turn"}


def read(**fields: Any) -> TraceRecord | LineFault:
    line = {"request": REQUEST, "response": ANSWER, **fields}
    (found,) = read_lines(io.BytesIO(json.dumps(line).encode()), "log")
    return found


def record(**fields: Any) -> TraceRecord:
    found = read(**fields)
    assert isinstance(found, TraceRecord)
    return found


def test_a_line_becomes_a_trace_with_its_task() -> None:
    found = record(id="1", session="s", time="2026-11-25T10:00:00Z")
    assert (found.input, found.teacher) == ("Refund for jane@example.com", "billing")
    assert found.redaction is None
    assert (found.id, found.session, found.model) == ("1", "s", "gpt-test")
    assert (found.prompt_tokens, found.completion_tokens) == (9, 1)
    assert found.task != record(request={**REQUEST, "temperature": 1}).task


async def test_the_task_is_the_one_of_the_data_plane(tmp_path: Path) -> None:
    async with teaching(Teacher()) as teacher, serving(teacher.url, tmp_path) as plane:
        await plane.client().chat.completions.create(**REQUEST)  # type: ignore[call-overload]
        await until(lambda: len(plane.traces()) == 1)
        (live,) = plane.traces()
    found = redact_as_served(record(), StandardRedactor())
    assert found
    assert (found.task, found.input) == (live["task"], live["input"])
    assert found.input == "Refund for [email]"


def test_a_log_of_another_protocol_sets_its_path() -> None:
    request = {"model": "m", "max_tokens": 9, "messages": REQUEST["messages"][1:]}
    found = record(path="/v1/messages", request=request, response=MESSAGE)
    assert found.teacher == "billing"


def test_a_stream_is_stored_as_text() -> None:
    chunk = {"choices": [{"delta": {"content": "billing"}, "finish_reason": "stop"}]}
    text = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n"
    found = record(request={**REQUEST, "stream": True}, response=text)
    assert found.teacher == "billing"


def test_a_failed_or_truncated_answer_is_no_label() -> None:
    failed = record(response={"error": {}}, status=500)
    assert (failed.status, failed.teacher) == (TraceStatus.FAILED, None)
    assert record(response={"choices": []}).status is TraceStatus.ABNORMAL


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"path": "/v1/embeddings"}, "the request cannot be classified"),
        ({"request": {**REQUEST, "n": 2}}, "the request cannot be classified"),
        ({"response": None}, "response"),
    ],
)
def test_an_unusable_request_is_reported_without_its_content(
    fields: dict[str, Any], reason: str
) -> None:
    found = read(**fields)
    assert isinstance(found, LineFault)
    assert reason in found.reason
    assert "Refund" not in found.reason


def test_a_trace_with_the_word_request_in_its_text_is_a_trace() -> None:
    line = json.dumps({"input": '{"request": 1}', "teacher": "x"}).encode()
    (found,) = read_lines(io.BytesIO(line), "log")
    assert found == TraceRecord(input='{"request": 1}', teacher="x")
