"""Which requests for a response are parsed: only those without effects."""

import json
from typing import Any

import pytest

from support.questions import parse_sample
from tracer_bentos.protocols.adapter import ParsedRequest, ParsedResponse, TeacherReply
from tracer_bentos.protocols.openai_responses.adapter import OpenAIResponses
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_core.contracts.traces import TraceStatus

ADAPTER = OpenAIResponses()
MESSAGE = {"type": "message", "role": "user", "content": "Refund"}
TOOL = {"type": "function", "name": "route", "parameters": {}}


def parsed(**changes: Any) -> ParsedRequest:
    request = parse_sample(ADAPTER, **changes)
    assert request
    return request


def parse_reply(*output: dict[str, Any], **changes: Any) -> ParsedResponse:
    response = {"status": "completed", "output": output, **changes}
    reply = TeacherReply(200, "application/json", json.dumps(response).encode())
    return ADAPTER.parse_response(parsed(), reply)


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
def test_a_request_with_state_or_effects_is_not_parsed(changes: dict[str, Any]) -> None:
    assert parse_sample(ADAPTER, **changes) is None


def test_a_text_and_a_list_with_one_message_are_the_same_request() -> None:
    parts = [{"type": "input_text", "text": "Refund"}]
    inputs = [
        TaskRegistry().identify(parsed(**changes))
        for changes in (
            {},
            {"input": [MESSAGE]},
            {"input": [{**MESSAGE, "content": parts}]},
        )
    ]
    assert {value.input for value in inputs} == {"Refund"}
    assert len({value.task for value in inputs}) == 1


def test_instructions_define_the_task() -> None:
    tasks = {
        TaskRegistry().identify(parsed(instructions=text)).task
        for text in ("a", "b", None)
    }
    assert len(tasks) == 3


def test_an_empty_reasoning_item_does_not_change_the_label() -> None:
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": []}
    assert parse_reply(reasoning, message()).label == "refund"


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
def test_an_answer_with_other_or_missing_output_is_not_a_label(
    output: list[dict[str, Any]],
) -> None:
    assert parse_reply(*output).status is TraceStatus.ABNORMAL


@pytest.mark.parametrize("status", ["incomplete", "failed", "cancelled"])
def test_an_incomplete_response_is_not_a_label(status: str) -> None:
    assert parse_reply(message(), status=status).status is TraceStatus.ABNORMAL


def test_a_response_repeats_fields_of_its_request() -> None:
    request = parsed(instructions="Be brief.", temperature=0.2, metadata={"a": "b"})
    rendered = ADAPTER.render(request, "refund")
    assert rendered
    response = json.loads(rendered.content)
    repeated = {
        name: response[name] for name in ("instructions", "temperature", "metadata")
    }
    assert repeated == {
        "instructions": "Be brief.",
        "temperature": 0.2,
        "metadata": {"a": "b"},
    }
