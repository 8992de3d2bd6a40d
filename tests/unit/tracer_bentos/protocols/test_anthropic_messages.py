"""Which Anthropic messages are parsed, and which of their answers are labels."""

import json
from typing import Any

import pytest

from support.questions import parse_sample
from tracer_bentos.protocols.adapter import ParsedRequest, ParsedResponse, TeacherReply
from tracer_bentos.protocols.anthropic_messages.adapter import AnthropicMessages
from tracer_bentos.protocols.api_conventions import ANTHROPIC_API
from tracer_bentos.protocols.tokens import TokenUsage
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_core.contracts.traces import TraceStatus

ADAPTER = AnthropicMessages()
USER = {"role": "user", "content": "Refund"}
TOOL = {"name": "route", "input_schema": {"type": "object"}}
TEXT = {"type": "text", "text": "refund"}


def parsed(**changes: Any) -> ParsedRequest:
    request = parse_sample(ADAPTER, **changes)
    assert request
    return request


def task(**changes: Any) -> str:
    return TaskRegistry().identify(parsed(**changes)).task


def parse_reply(
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
    return ADAPTER.parse_response(parsed(**changes), reply)


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
def test_a_request_that_a_label_cannot_answer_is_not_parsed(
    changes: dict[str, Any],
) -> None:
    assert parse_sample(ADAPTER, **changes) is None


def test_cache_marks_do_not_change_the_task() -> None:
    cached = {"type": "text", "text": "Be brief.", "cache_control": {"type": "x"}}
    assert task(system="Be brief.") == task(system=[cached])


@pytest.mark.parametrize(
    "changes",
    [{"system": "Be brief."}, {"max_tokens": 1}, {"tools": [TOOL]}, {"model": "n"}],
)
def test_fields_that_define_the_task_make_another_task(changes: dict[str, Any]) -> None:
    assert task(**changes) != task()


def test_a_complete_text_is_a_label_with_all_token_counts() -> None:
    usage = TokenUsage(prompt=123, completion=7, cached=100)
    assert parse_reply([TEXT]) == ParsedResponse(TraceStatus.OK, "refund", usage)


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
def test_an_answer_with_other_or_missing_output_is_not_a_label(
    content: list[Any], reason: str
) -> None:
    answer = parse_reply(content, reason)
    assert (answer.status, answer.label) == (TraceStatus.ABNORMAL, None)


def test_the_label_of_json_is_canonical() -> None:
    json_mode = {"output_config": {"format": {"type": "json_schema", "schema": {}}}}
    text = {"type": "text", "text": '{"b": 1, "a": 2}'}
    assert parse_reply([text], **json_mode).label == '{"a":2,"b":1}'


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
def test_a_label_that_the_request_does_not_allow_is_not_rendered(
    label: str, choice: dict[str, Any]
) -> None:
    request = parsed(tools=[TOOL], tool_choice=choice)
    assert ADAPTER.render(request, label) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (502, "api_error"),
    ],
)
def test_an_error_of_the_router_has_the_type_of_its_status(
    status: int, kind: str
) -> None:
    body = json.loads(ANTHROPIC_API.error_body(status, "no", "ignored", "ignored"))
    assert body == {
        "type": "error",
        "error": {"type": kind, "message": "no"},
        "request_id": None,
    }
