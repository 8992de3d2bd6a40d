"""A teacher with protocol HTTP: what is parsed, and what an answer contains."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.serving_plane import BUNDLE, certified, serving, until
from support.serving_teacher import teaching
from tracer_bentos.protocols.adapter import ParsedRequest, ParsedResponse, TeacherReply
from tracer_bentos.protocols.generic_http.adapter import GenericHttpAdapter
from tracer_bentos.protocols.generic_http.selector import JsonSelector
from tracer_bentos.protocols.protocol_config import ProtocolConfig
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_core.contracts.access import AccessMode
from tracer_core.contracts.protocol import TeacherProtocol
from tracer_core.contracts.traces import TraceStatus
from tracer_core.errors import SpecError

TICKET = {"id": 7, "ticket": {"title": "Refund", "lines": ["a", "b"]}, "tone": "formal"}


def endpoint(*selectors: str, label: str = "$.label") -> GenericHttpAdapter:
    return GenericHttpAdapter(
        "/v1/classify",
        tuple(map(JsonSelector.parse, selectors)),
        JsonSelector.parse(label),
    )


def parsed(adapter: GenericHttpAdapter, document: Any = TICKET) -> ParsedRequest:
    request = adapter.parse_request(json.dumps(document).encode())
    assert request
    return request


def parse_reply(adapter: GenericHttpAdapter, response: Any) -> ParsedResponse:
    content = json.dumps(response).encode()
    return adapter.parse_response(
        parsed(adapter), TeacherReply(200, "application/json", content)
    )


@pytest.mark.parametrize(
    ("selector", "values"),
    [
        ("$", [TICKET]),
        ("$.ticket.title", ["Refund"]),
        ("$['ticket']['title']", ["Refund"]),
        ("$.ticket.lines[1]", ["b"]),
        ("$.ticket.lines[*]", ["a", "b"]),
        ("$.ticket[*]", ["Refund", ["a", "b"]]),
        ("$.ticket.lines[2]", []),
        ("$.ticket.none", []),
        ("$.id.none", []),
        ("$.ticket[0]", []),
    ],
)
def test_a_selector_selects_values_of_a_document(
    selector: str, values: list[Any]
) -> None:
    assert JsonSelector.parse(selector).values(TICKET) == values


@pytest.mark.parametrize(
    "text", ["", "ticket", "$ticket", "$.", "$..a", "$[-1]", "$[01]", "$['a", "$.a b"]
)
def test_an_invalid_selector_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SpecError, match=r"write it like \$\.ticket\.text"):
        JsonSelector.parse(text)


@pytest.mark.parametrize("selector", ["$", "$.a", "$.a[2].b", "$['x y'][0]"])
def test_a_selector_finds_the_value_that_it_placed(selector: str) -> None:
    parsed_selector = JsonSelector.parse(selector)
    assert parsed_selector.values(parsed_selector.around("refund")) == ["refund"]


def test_the_inputs_are_joined_and_all_other_fields_define_the_task() -> None:
    adapter, registry = endpoint("$.ticket.title", "$.ticket.lines[*]"), TaskRegistry()
    first = registry.identify(parsed(adapter))
    same = registry.identify(parsed(adapter, {**TICKET, "ticket": {"title": "x"}}))
    other = registry.identify(parsed(adapter, {**TICKET, "tone": "casual"}))
    assert first.input == "Refund\na\nb"
    assert first.task != other.task
    assert same.input == "x"


def test_an_ignored_field_does_not_change_the_task() -> None:
    adapter, registry = endpoint("$.ticket"), TaskRegistry(ignored=["id"])
    tasks = {
        registry.identify(parsed(adapter, {**TICKET, "id": n})).task for n in (1, 2)
    }
    assert len(tasks) == 1


def test_other_selectors_make_another_task() -> None:
    adapters = (endpoint("$.ticket"), endpoint("$.ticket", label="$.other"))
    tasks = {TaskRegistry().identify(parsed(adapter)).task for adapter in adapters}
    assert len(tasks) == 2


@pytest.mark.parametrize("document", [{}, {"ticket": {"title": ""}}, [1], "text"])
def test_a_request_without_input_is_not_parsed(document: Any) -> None:
    adapter = endpoint("$.ticket.title")
    assert adapter.parse_request(json.dumps(document).encode()) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    )
)
def test_a_label_of_any_type_is_rendered_unchanged(value: Any) -> None:
    adapter = endpoint("$.ticket.title")
    answer = parse_reply(adapter, {"label": value, "confidence": 0.9})
    if answer.label is None:
        assert value == ""
        return
    rendered = adapter.render(parsed(adapter), answer.label)
    assert rendered
    assert json.loads(rendered.content) == {"label": value}


def test_a_text_is_its_own_label() -> None:
    assert parse_reply(endpoint("$.id"), {"label": "refund"}).label == "refund"


def test_the_complete_response_can_be_the_label() -> None:
    adapter = endpoint("$.id", label="$")
    assert parse_reply(adapter, {"b": 1, "a": "x"}).label == '{"a":"x","b":1}'


def test_a_response_without_the_label_is_abnormal() -> None:
    assert parse_reply(endpoint("$.id"), {"error": "busy"}) == ParsedResponse(
        TraceStatus.ABNORMAL
    )


def test_a_label_selector_for_several_values_is_refused() -> None:
    with pytest.raises(SpecError, match="must select one, for example"):
        endpoint("$.id", label="$.labels[*]")


async def test_traces_and_surrogate_answers_of_a_teacher_with_protocol_http(
    tmp_path: Path,
) -> None:
    adapter = endpoint("$.text", label="$.echo.text")
    protocol = ProtocolConfig(TeacherProtocol.HTTP, (adapter,))
    body = {"text": "Refund my order", "tone": "formal"}
    task = TaskRegistry().identify(parsed(adapter, body)).task
    async with (
        teaching() as teacher,
        serving(
            teacher.url, tmp_path, access=AccessMode.OPEN, protocol=protocol
        ) as plane,
    ):
        url = f"{plane.url}/v1/classify"
        async with plane.http.post(url, json=body) as response:
            first = await response.json()
        await until(lambda: len(plane.traces()) == 1)
        await until(lambda: plane.data_plane.surrogate_slot.digest == BUNDLE)
        await plane.push(certified(task, audit=0))
        async with plane.http.post(url, json=body) as response:
            second = await response.json()
            answered_by = response.headers["x-tracer-decision"]
    assert first == {"echo": body}
    assert second == {"echo": {"text": "refund"}}
    assert answered_by == "surrogate"
    trace = plane.traces()[0]
    assert (trace["input"], trace["teacher"], trace["task"]) == (
        "Refund my order",
        "Refund my order",
        task,
    )
