"""Which Anthropic messages are questions, and which of their answers are labels."""

import json
from typing import Any

import pytest

from support.questions import asked_of
from tracer_bentos.protocols.adapter import ParsedRequest, ParsedResponse, TeacherReply
from tracer_bentos.protocols.api_conventions import ANTHROPIC_API
from tracer_bentos.protocols.messages.request import AnthropicMessages
from tracer_bentos.protocols.tokens import TokenUsage
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_core.contracts.traces import TraceStatus

ADAPTER = AnthropicMessages()
USER = {"role": "user", "content": "Refund"}
TOOL = {"name": "route", "input_schema": {"type": "object"}}
TEXT = {"type": "text", "text": "refund"}


def asked(**changes: Any) -> ParsedRequest:
    found = asked_of(ADAPTER, **changes)
    assert found
    return found


def task(**changes: Any) -> str:
    return TaskRegistry().identify(asked(**changes)).task


def taught(
    content: list[Any], reason: str = "end_turn", **changes: Any
) -> ParsedResponse:
    usage = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 20,
        "cache_read_input_tokens": 100,
        "output_tokens": 7,
    }
    message = {"content": content, "stop_reason": reason, "usage": usage}
    reply = TeacherReply(200, "application/json", json.dumps(message).encode())
    return ADAPTER.parse_response(asked(**changes), reply)


@pytest.mark.parametrize(
    "changes",
    [
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"container": "c"},
        {"mcp_servers": [{"type": "url"}]},
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"tool_choice": {"type": "server"}, "tools": [TOOL]},
        {"messages": []},
        {"messages": [USER, {"role": "assistant", "content": "The answer is"}]},
        {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]},
        {"system": [{"type": "document"}]},
        {"system": 1},
    ],
)
def test_what_a_label_cannot_answer_is_not_a_question(changes: dict[str, Any]) -> None:
    assert asked_of(ADAPTER, **changes) is None


def test_where_a_text_is_cached_leaves_the_task() -> None:
    cached = {"type": "text", "text": "Be brief.", "cache_control": {"type": "x"}}
    assert task(system="Be brief.") == task(system=[cached])


@pytest.mark.parametrize(
    "changes",
    [{"system": "Be brief."}, {"max_tokens": 1}, {"tools": [TOOL]}, {"model": "n"}],
)
def test_what_defines_the_question_makes_another_task(changes: dict[str, Any]) -> None:
    assert task(**changes) != task()


def test_a_whole_text_is_a_label_with_all_its_tokens() -> None:
    usage = TokenUsage(prompt=123, completion=7, cached=100)
    assert taught([TEXT]) == ParsedResponse(TraceStatus.OK, "refund", usage)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([TEXT], "max_tokens"),
        ([TEXT], "stop_sequence"),
        ([TEXT], "refusal"),
        ([TEXT], "pause_turn"),
        ([], "end_turn"),
        ([TEXT, TEXT], "end_turn"),
        ([{**TEXT, "citations": [{}]}], "end_turn"),
        ([{"type": "thinking", "thinking": "hm"}, TEXT], "end_turn"),
        ([{"type": "tool_use", "name": "route", "input": {}}], "end_turn"),
    ],
)
def test_an_answer_that_is_more_or_less_than_whole_is_no_label(
    content: list[Any], reason: str
) -> None:
    answer = taught(content, reason)
    assert (answer.status, answer.label) == (TraceStatus.ABNORMAL, None)


def test_an_answer_in_json_is_canonical() -> None:
    wanted = {"output_config": {"format": {"type": "json_schema", "schema": {}}}}
    text = {"type": "text", "text": '{"b": 1, "a": 2}'}
    assert taught([text], **wanted).label == '{"a":2,"b":1}'


@pytest.mark.parametrize(
    ("label", "choice"),
    [
        ("refund", {"type": "any"}),
        ('{"tool_calls":[["route",{}]]}', {"type": "none"}),
        ('{"tool_calls":[["route",{}]]}', {"type": "tool", "name": "other"}),
        (
            '{"tool_calls":[["route",{}],["route",{}]]}',
            {"type": "auto", "disable_parallel_tool_use": True},
        ),
    ],
)
def test_a_label_that_breaks_a_promise_of_the_request_is_not_rendered(
    label: str, choice: dict[str, Any]
) -> None:
    question = asked(tools=[TOOL], tool_choice=choice)
    assert ADAPTER.render(question, label) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (502, "api_error"),
    ],
)
def test_an_error_of_ours_has_the_kind_of_its_status(status: int, kind: str) -> None:
    body = json.loads(ANTHROPIC_API.error_body(status, "no", "ignored", "ignored"))
    assert body == {
        "type": "error",
        "error": {"type": kind, "message": "no"},
        "request_id": None,
    }
