"""Which requests for a response are questions: only those that leave nothing behind."""

import json
from typing import Any

import pytest

from support.questions import asked_of
from tracer_bentos.protocols.adapter import ParsedRequest, ParsedResponse, TeacherReply
from tracer_bentos.protocols.responses.request import OpenAIResponses
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_core.contracts.traces import TraceStatus

ADAPTER = OpenAIResponses()
MESSAGE = {"type": "message", "role": "user", "content": "Refund"}
TOOL = {"type": "function", "name": "route", "parameters": {}}


def asked(**changes: Any) -> ParsedRequest:
    found = asked_of(ADAPTER, **changes)
    assert found
    return found


def taught(*output: dict[str, Any], **changes: Any) -> ParsedResponse:
    response = {"status": "completed", "output": output, **changes}
    reply = TeacherReply(200, "application/json", json.dumps(response).encode())
    return ADAPTER.parse_response(asked(), reply)


def message(text: str = "refund", **changes: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": [], **changes}
    return {"type": "message", "role": "assistant", "content": [part]}


@pytest.mark.parametrize(
    "changes",
    [
        {"store": True},
        {"store": None},
        {"previous_response_id": "resp_1"},
        {"conversation": "conv_1"},
        {"background": True},
        {"prompt": {"id": "pmpt_1"}},
        {"include": ["reasoning.encrypted_content"]},
        {"context_management": [{"type": "compaction"}]},
        {"tools": [{"type": "web_search"}]},
        {"tools": [TOOL, {"type": "mcp", "server_url": "u"}]},
        {"tool_choice": {"type": "file_search"}, "tools": [TOOL]},
        {"text": {"format": {"type": "grammar"}}},
        {"input": []},
        {"input": [{"type": "item_reference", "id": "msg_1"}]},
        {"input": [MESSAGE, {"type": "function_call_output", "output": "1"}]},
        {"input": [{**MESSAGE, "content": [{"type": "input_image"}]}]},
        {"instructions": ["a"]},
    ],
)
def test_what_has_state_or_effects_is_not_a_question(changes: dict[str, Any]) -> None:
    assert asked_of(ADAPTER, **changes) is None


def test_a_text_and_a_list_of_one_message_ask_the_same() -> None:
    parts = [{"type": "input_text", "text": "Refund"}]
    questions = [
        TaskRegistry().identify(asked(**changes))
        for changes in (
            {},
            {"input": [MESSAGE]},
            {"input": [{**MESSAGE, "content": parts}]},
        )
    ]
    assert {each.input for each in questions} == {"Refund"}
    assert len({each.task for each in questions}) == 1


def test_instructions_define_the_task() -> None:
    tasks = {
        TaskRegistry().identify(asked(instructions=text)).task
        for text in ("a", "b", None)
    }
    assert len(tasks) == 3


def test_a_reasoning_item_that_says_nothing_leaves_the_label() -> None:
    silent = {"type": "reasoning", "id": "rs_1", "summary": []}
    assert taught(silent, message()).label == "refund"


@pytest.mark.parametrize(
    "output",
    [
        [],
        [message(), message()],
        [message(annotations=[{"type": "url_citation"}])],
        [message(type="refusal", refusal="no")],
        [{"type": "reasoning", "summary": [{"text": "Because"}]}, message()],
        [{"type": "web_search_call"}, message()],
    ],
)
def test_an_answer_that_is_more_or_less_than_whole_is_no_label(
    output: list[dict[str, Any]],
) -> None:
    assert taught(*output).status is TraceStatus.ABNORMAL


@pytest.mark.parametrize("status", ["incomplete", "failed", "cancelled"])
def test_a_response_that_did_not_complete_is_no_label(status: str) -> None:
    assert taught(message(), status=status).status is TraceStatus.ABNORMAL


def test_a_response_repeats_what_was_asked() -> None:
    question = asked(instructions="Be brief.", temperature=0.2, metadata={"a": "b"})
    rendered = ADAPTER.render(question, "refund")
    assert rendered
    response = json.loads(rendered.content)
    said = {
        name: response[name] for name in ("instructions", "temperature", "metadata")
    }
    assert said == {
        "instructions": "Be brief.",
        "temperature": 0.2,
        "metadata": {"a": "b"},
    }
