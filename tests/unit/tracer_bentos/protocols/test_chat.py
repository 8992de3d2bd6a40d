"""Which chat completions are questions, and what makes two of them one task."""

import json
from typing import Any

import pytest

from tracer_bentos.protocols.adapter import ParsedRequest, ParsedResponse, TeacherReply
from tracer_bentos.protocols.chat.request import OpenAIChat
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_core.contracts.traces import TraceStatus

SYSTEM = {"role": "system", "content": "Name the department."}
USER = {"role": "user", "content": "Refund"}
TOOL = {"type": "function", "function": {"name": "route"}}


def read(**changes: Any) -> ParsedRequest | None:
    document = {"model": "gpt-test", "messages": [SYSTEM, USER], **changes}
    return OpenAIChat().parse_request(json.dumps(document).encode())


def asked(**changes: Any) -> ParsedRequest:
    found = read(**changes)
    assert found
    return found


def task(**changes: Any) -> str:
    return TaskRegistry().identify(asked(**changes)).task


def taught(
    message: dict[str, Any], finished: str = "stop", **changes: Any
) -> ParsedResponse:
    choice = {"index": 0, "message": message, "finish_reason": finished}
    content = json.dumps({"choices": [choice]}).encode()
    reply = TeacherReply(200, "application/json", content)
    return OpenAIChat().parse_response(asked(**changes), reply)


def calls(*arguments: str) -> list[dict[str, Any]]:
    functions = [{"name": "route", "arguments": each} for each in arguments]
    return [{"id": "c", "type": "function", "function": each} for each in functions]


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
def test_what_a_label_cannot_answer_is_not_a_question(changes: dict[str, Any]) -> None:
    assert read(**changes) is None


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_request_is_left_to_the_teacher(body: bytes) -> None:
    assert OpenAIChat().parse_request(body) is None


def test_parts_of_text_are_a_text() -> None:
    parts = [{"type": "text", "text": each} for each in ("Refund", "please")]
    question = asked(messages=[SYSTEM, {"role": "user", "content": parts}])
    assert TaskRegistry().identify(question).input == "Refund\nplease"


def test_a_conversation_is_a_transcript_in_a_task_of_its_own() -> None:
    turns = [SYSTEM, USER, {"role": "assistant", "content": "When?"}, USER]
    question = TaskRegistry().identify(asked(messages=turns))
    assert question.input == "user: Refund\nassistant: When?\nuser: Refund"
    assert question.task != task()


def test_a_named_task_keeps_what_shapes_its_answers() -> None:
    book = TaskRegistry()
    plain, other, tools, short = (
        book.identify(asked(**changes), "triage").task
        for changes in (
            {},
            {"messages": [USER], "temperature": 1},
            {"tools": [TOOL]},
            {"max_tokens": 1},
        )
    )
    assert plain == other
    assert len({plain, tools, short}) == 3


def test_an_ignored_field_leaves_the_task() -> None:
    book = TaskRegistry(ignored=["temperature"])
    one, two = (book.identify(asked(temperature=t)).task for t in (0, 1))
    assert one == two


def test_another_teacher_is_another_task() -> None:
    one, two = (TaskRegistry(teacher).identify(asked()).task for teacher in ("a", "b"))
    assert one != two


@pytest.mark.parametrize(
    ("message", "finished", "label"),
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
def test_a_whole_answer_is_a_label_and_is_rendered_from_it(
    message: dict[str, Any], finished: str, label: str
) -> None:
    question = asked(tools=[TOOL])
    assert taught(message, finished).label == label
    rendered = OpenAIChat().render(question, label)
    assert rendered
    reply = TeacherReply(200, "", rendered.content)
    again = OpenAIChat().parse_response(question, reply)
    assert (again.status, again.label) == (TraceStatus.OK, label)


@pytest.mark.parametrize(
    "label",
    ["Refund", '{"tool_calls":[["route",{"a":1}],["route",{"a":2}]],"text":"Well"}'],
)
def test_a_stream_says_the_same_as_a_whole_answer(label: str) -> None:
    question = asked(tools=[TOOL], stream=True, stream_options={"include_usage": True})
    rendered = OpenAIChat().render(question, label)
    assert rendered
    reply = TeacherReply(200, rendered.content_type, rendered.content)
    assert OpenAIChat().parse_response(question, reply).label == label


@pytest.mark.parametrize(
    ("message", "finished"),
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
def test_an_answer_that_is_more_or_less_than_whole_is_no_label(
    message: dict[str, Any], finished: str
) -> None:
    assert taught(message, finished) == ParsedResponse(TraceStatus.ABNORMAL)


def test_json_answers_agree_whatever_their_spaces_and_order() -> None:
    wanted = {"response_format": {"type": "json_object"}}
    texts = ('{"b": 2, "a": 1}', '{\n "a":1, "b":2}\n')
    labels = {taught({"content": text}, **wanted).label for text in texts}
    assert labels == {'{"a":1,"b":2}'}


def test_a_json_answer_that_is_none_is_no_label() -> None:
    wanted = {"response_format": {"type": "json_object"}}
    assert taught({"content": "Refund"}, **wanted).status is TraceStatus.ABNORMAL


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
def test_a_label_that_breaks_a_promise_of_the_request_is_not_rendered(
    label: str, changes: dict[str, Any]
) -> None:
    assert OpenAIChat().render(asked(**changes), label) is None
