"""Which chat completions are questions, and what makes two of them one task."""

import json
from typing import Any

import pytest

from tracer_bentos.serving.protocols.adapter import Question
from tracer_bentos.serving.protocols.openai_chat import OpenAIChat

SYSTEM = {"role": "system", "content": "Name the department."}
USER = {"role": "user", "content": "Refund"}
TOOL = {"type": "function", "function": {"name": "route"}}


def read(**changes: Any) -> Question | None:
    document = {"model": "gpt-test", "messages": [SYSTEM, USER], **changes}
    return OpenAIChat().read(json.dumps(document).encode(), None)


def task(**changes: Any) -> str:
    question = read(**changes)
    assert question
    return question.task


@pytest.mark.parametrize(
    "changes",
    [
        {"user": "u"},
        {"metadata": {"a": "b"}},
        {"seed": 7},
        {"stream": True, "stream_options": {"include_usage": True}},
        {"messages": [SYSTEM, {"role": "user", "content": "Other text"}]},
        {"n": 1, "store": False, "tools": [], "response_format": None},
    ],
)
def test_what_does_not_define_the_question_leaves_the_task(
    changes: dict[str, Any],
) -> None:
    assert task(**changes) == task()


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "gpt-other"},
        {"messages": [USER]},
        {"messages": [{**SYSTEM, "role": "developer"}, USER]},
        {"temperature": 0},
        {"max_tokens": 5},
        {"response_format": {"type": "json_object"}},
        {"tools": [TOOL]},
        {"parallel_tool_calls": False},
        {"a_parameter_of_tomorrow": 1},
    ],
)
def test_what_defines_the_question_makes_another_task(changes: dict[str, Any]) -> None:
    assert task(**changes) != task()


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 2},
        {"n": []},
        {"logprobs": True},
        {"store": True},
        {"modalities": ["text", "audio"]},
        {"tools": [{"type": "web_search"}]},
        {"web_search_options": {"a": 1}},
        {"model": None},
        {"messages": []},
        {"messages": [SYSTEM]},
        {"messages": [USER, {"role": "assistant", "content": "a"}, USER]},
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        {"messages": "text"},
        {"stream": "yes"},
    ],
)
def test_what_a_label_cannot_answer_is_not_a_question(changes: dict[str, Any]) -> None:
    assert read(**changes) is None


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_request_is_left_to_the_teacher(body: bytes) -> None:
    assert OpenAIChat().read(body, None) is None


def test_a_single_text_part_is_a_text() -> None:
    parts = [{"type": "text", "text": "Refund"}]
    question = read(messages=[SYSTEM, {"role": "user", "content": parts}])
    assert question
    assert question.input == "Refund"
