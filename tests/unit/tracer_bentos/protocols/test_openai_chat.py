"""Which chat completions are parsed, and which of them have the same task."""

import json
from typing import Any

import pytest

from tracer_bentos.protocols.adapter import ParsedRequest, ParsedResponse, TeacherReply
from tracer_bentos.protocols.openai_chat.adapter import OpenAIChat
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_core.contracts.traces import TraceStatus

SYSTEM = {"role": "system", "content": "Name the department."}
USER = {"role": "user", "content": "Refund"}
TOOL = {"type": "function", "function": {"name": "route"}}


def parse(**changes: Any) -> ParsedRequest | None:
    document = {"model": "gpt-test", "messages": [SYSTEM, USER], **changes}
    return OpenAIChat().parse_request(json.dumps(document).encode())


def parsed(**changes: Any) -> ParsedRequest:
    request = parse(**changes)
    assert request
    return request


def task(**changes: Any) -> str:
    return TaskRegistry().identify(parsed(**changes)).task


def parse_reply(
    message: dict[str, Any], finish_reason: str = "stop", **changes: Any
) -> ParsedResponse:
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    content = json.dumps({"choices": [choice]}).encode()
    reply = TeacherReply(200, "application/json", content)
    return OpenAIChat().parse_response(parsed(**changes), reply)


def calls(*arguments: str) -> list[dict[str, Any]]:
    functions = [{"name": "route", "arguments": text} for text in arguments]
    return [
        {"id": "c", "type": "function", "function": function} for function in functions
    ]


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
def test_fields_that_do_not_define_the_task_do_not_change_it(
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
def test_fields_that_define_the_task_make_another_task(changes: dict[str, Any]) -> None:
    assert task(**changes) != task()


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 2},
        {"n": []},
        {"functions": [{"name": "route"}]},
        {"moderation": {"model": "m"}},
        {"response_format": {"type": "grammar"}},
        {"tool_choice": {"type": "allowed_tools"}, "tools": [TOOL]},
        {"logprobs": True},
        {"store": True},
        {"modalities": ["text", "audio"]},
        {"tools": [{"type": "web_search"}]},
        {"web_search_options": {"a": 1}},
        {"model": None},
        {"messages": []},
        {"messages": [SYSTEM]},
        {"messages": [USER, {"role": "assistant", "content": "a"}]},
        {"messages": [USER, {"role": "assistant", "tool_calls": [{}]}, USER]},
        {"messages": [USER, {"role": "tool", "content": "a"}, USER]},
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        {"messages": [{"role": "user", "content": "a", "name": "Ann"}]},
        {"messages": [{"role": "user", "content": "a" * 100_001}]},
        {"messages": "text"},
        {"stream": "yes"},
    ],
)
def test_a_request_that_a_label_cannot_answer_is_not_parsed(
    changes: dict[str, Any],
) -> None:
    assert parse(**changes) is None


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_a_request_is_not_parsed(body: bytes) -> None:
    assert OpenAIChat().parse_request(body) is None


def test_text_parts_are_joined_to_one_text() -> None:
    parts = [{"type": "text", "text": text} for text in ("Refund", "please")]
    request = parsed(messages=[SYSTEM, {"role": "user", "content": parts}])
    assert TaskRegistry().identify(request).input == "Refund\nplease"


def test_a_conversation_is_a_transcript_in_its_own_task() -> None:
    turns = [SYSTEM, USER, {"role": "assistant", "content": "When?"}, USER]
    request = TaskRegistry().identify(parsed(messages=turns))
    assert request.input == "user: Refund\nassistant: When?\nuser: Refund"
    assert request.task != task()


def test_a_named_task_contains_the_output_parameters() -> None:
    registry = TaskRegistry()
    plain, other, tools, short = (
        registry.identify(parsed(**changes), "triage").task
        for changes in (
            {},
            {"messages": [USER], "temperature": 1},
            {"tools": [TOOL]},
            {"max_tokens": 1},
        )
    )
    assert plain == other
    assert len({plain, tools, short}) == 3


def test_an_ignored_field_does_not_change_the_task() -> None:
    registry = TaskRegistry(ignored=["temperature"])
    one, two = (registry.identify(parsed(temperature=t)).task for t in (0, 1))
    assert one == two


def test_each_teacher_has_its_own_tasks() -> None:
    one, two = (TaskRegistry(teacher).identify(parsed()).task for teacher in ("a", "b"))
    assert one != two


@pytest.mark.parametrize(
    ("message", "finish_reason", "label"),
    [
        ({"content": "Refund"}, "stop", "Refund"),
        ({"content": "Refund", "refusal": None, "annotations": []}, "stop", "Refund"),
        (
            {"content": None, "tool_calls": calls('{"b": 1, "a": "x"}')},
            "tool_calls",
            '{"tool_calls":[["route",{"a":"x","b":1}]]}',
        ),
        (
            {"content": "Well", "tool_calls": calls("{}", "")},
            "stop",
            '{"tool_calls":[["route",{}],["route",{}]],"text":"Well","finish":"stop"}',
        ),
    ],
)
def test_a_complete_answer_is_a_label_that_renders_to_the_same_answer(
    message: dict[str, Any], finish_reason: str, label: str
) -> None:
    request = parsed(tools=[TOOL])
    assert parse_reply(message, finish_reason).label == label
    rendered = OpenAIChat().render(request, label)
    assert rendered
    reply = TeacherReply(200, "", rendered.content)
    again = OpenAIChat().parse_response(request, reply)
    assert (again.status, again.label) == (TraceStatus.OK, label)


@pytest.mark.parametrize(
    "label",
    ["Refund", '{"tool_calls":[["route",{"a":1}],["route",{"a":2}]],"text":"Well"}'],
)
def test_a_rendered_stream_has_the_same_label(label: str) -> None:
    request = parsed(tools=[TOOL], stream=True, stream_options={"include_usage": True})
    rendered = OpenAIChat().render(request, label)
    assert rendered
    reply = TeacherReply(200, rendered.content_type, rendered.content)
    assert OpenAIChat().parse_response(request, reply).label == label


@pytest.mark.parametrize(
    ("message", "finish_reason"),
    [
        ({"content": "Ref"}, "length"),
        ({"content": "Refund"}, "content_filter"),
        ({"content": ""}, "stop"),
        ({"content": None, "refusal": "I cannot"}, "stop"),
        ({"content": "Refund", "reasoning_content": "Because"}, "stop"),
        ({"content": "Refund", "annotations": [{}]}, "stop"),
        ({"content": None, "tool_calls": calls('{"a":')}, "tool_calls"),
        ({"content": None, "tool_calls": calls('{"a": 1e999}')}, "tool_calls"),
        ({"content": '{"tool_calls":[]}'}, "stop"),
    ],
)
def test_an_answer_with_other_or_missing_output_is_not_a_label(
    message: dict[str, Any], finish_reason: str
) -> None:
    assert parse_reply(message, finish_reason) == ParsedResponse(TraceStatus.ABNORMAL)


def test_spaces_and_order_of_keys_do_not_change_the_label_of_json() -> None:
    json_mode = {"response_format": {"type": "json_object"}}
    texts = ('{"b": 2, "a": 1}', '{\n "a":1, "b":2}\n')
    labels = {parse_reply({"content": text}, **json_mode).label for text in texts}
    assert labels == {'{"a":1,"b":2}'}


def test_an_answer_without_the_required_json_is_not_a_label() -> None:
    json_mode = {"response_format": {"type": "json_object"}}
    assert (
        parse_reply({"content": "Refund"}, **json_mode).status is TraceStatus.ABNORMAL
    )


CALL = '{"tool_calls":[["route",{}]]}'


@pytest.mark.parametrize(
    ("label", "changes"),
    [
        (CALL, {}),
        (CALL, {"tools": [TOOL], "tool_choice": "none"}),
        ("Refund", {"tools": [TOOL], "tool_choice": "required"}),
        ("Refund", {"response_format": {"type": "json_object"}}),
        (
            '{"tool_calls":[["route",{}],["route",{}]]}',
            {"tools": [TOOL], "parallel_tool_calls": False},
        ),
        (
            CALL,
            {
                "tools": [TOOL],
                "tool_choice": {"type": "function", "function": {"name": "other"}},
            },
        ),
    ],
)
def test_a_label_that_the_request_does_not_allow_is_not_rendered(
    label: str, changes: dict[str, Any]
) -> None:
    assert OpenAIChat().render(parsed(**changes), label) is None
