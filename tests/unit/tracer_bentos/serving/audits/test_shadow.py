"""A shadow predicts and is audited; clients receive the answers of the teacher."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import APIStatusError

from support.serving_plane import BUNDLE, Plane, serving, until
from support.serving_teacher import Teacher, teaching
from tracer_bentos.protocols.openai_chat.adapter import OpenAIChat
from tracer_bentos.serving.telemetry.ordered_results import (
    AuditOutcome,
    CompletedPrefix,
)
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_core.contracts.access import AccessMode
from tracer_core.contracts.evidence import CellEvidence, TaskEvidence
from tracer_core.contracts.policy import PolicyDocument, RevisionPolicy

MESSAGES = [{"role": "system", "content": "Name the department."}]


def policy_for(
    task: str, *, surrogate: bool, closed: tuple[str, ...] = ()
) -> PolicyDocument:
    rule = RevisionPolicy(
        surrogate=surrogate, audit=1, bundle=BUNDLE, tasks=(task,), closed=closed
    )
    return PolicyDocument(generation=1, revisions={"1": rule})


async def ask(plane: Plane, text: str) -> str:
    answer = await plane.client().chat.completions.create(
        model="gpt-test", messages=[*MESSAGES, {"role": "user", "content": text}]
    )
    return "teacher" if answer.id == "chatcmpl-teacher" else "surrogate"


def task_fingerprint() -> str:
    question = [*MESSAGES, {"role": "user", "content": "x"}]
    body = json.dumps({"model": "gpt-test", "messages": question}).encode()
    request = OpenAIChat().parse_request(body)
    assert request
    return TaskRegistry().identify(request).task


async def counted(plane: Plane) -> TaskEvidence:
    return (await plane.evidence()).tasks[0]


async def test_a_shadow_is_audited_with_the_response_to_the_client(
    tmp_path: Path,
) -> None:
    teacher = Teacher(label=lambda text: text.split()[0].lower().replace("bill", "x"))
    async with (
        teaching(teacher),
        serving(teacher.url, tmp_path, access=AccessMode.OPEN) as plane,
    ):
        await until(lambda: plane.data_plane.surrogate_slot.digest == BUNDLE)
        await plane.push(policy_for(task_fingerprint(), surrogate=False))
        texts = ("Refund it", "Bill wrong", "Refund that", "Refund it?")
        answers = [await ask(plane, text) for text in texts]
        found = await counted(plane)
    assert set(answers) == {"teacher"}
    assert len(teacher.seen) == len(texts)
    assert (found.answered, found.audits_admitted) == (0, 3)
    assert (found.audits_agreed, found.audits_disagreed) == (2, 1)
    assert found.cells == (
        CellEvidence(cell="word bill", disagreed=1),
        CellEvidence(cell="word refund", agreed=2),
    )


async def test_a_closed_cell_goes_to_the_teacher_and_is_not_audited(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, access=AccessMode.OPEN) as plane,
    ):
        await until(lambda: plane.data_plane.surrogate_slot.digest == BUNDLE)
        closed = ("word refund",)
        await plane.push(policy_for(task_fingerprint(), surrogate=True, closed=closed))
        answers = [await ask(plane, text) for text in ("Refund it", "Bill wrong")]
        await until(lambda: plane.data_plane.counters.tasks()[0].cells != ())
        deferrals = dict(plane.data_plane.counters.deferrals)
        found = await counted(plane)
    assert answers == ["teacher", "surrogate"]
    assert deferrals == {"cell-closed": 1}
    assert [cell.cell for cell in found.cells] == ["word bill"]


async def test_a_rejected_caller_is_no_audit_of_a_shadow(
    tmp_path: Path,
) -> None:
    teacher = Teacher(refusal=(401, b"{}"))
    async with (
        teaching(teacher),
        serving(teacher.url, tmp_path, access=AccessMode.OPEN) as plane,
    ):
        await until(lambda: plane.data_plane.surrogate_slot.digest == BUNDLE)
        await plane.push(policy_for(task_fingerprint(), surrogate=False))
        with pytest.raises(APIStatusError):
            await ask(plane, "Refund it")
        found = await counted(plane)
    assert (found.audits_admitted, found.audits_missing) == (0, 0)


async def test_an_audit_of_a_shadow_without_a_teacher_answer_is_missing(
    tmp_path: Path,
) -> None:
    teacher = Teacher(refusal=(500, b"{}"))
    async with (
        teaching(teacher),
        serving(teacher.url, tmp_path, access=AccessMode.OPEN) as plane,
    ):
        await until(lambda: plane.data_plane.surrogate_slot.digest == BUNDLE)
        await plane.push(policy_for(task_fingerprint(), surrogate=False))
        with pytest.raises(APIStatusError):
            await ask(plane, "Refund it")
        found = await counted(plane)
    assert (found.audits_admitted, found.audits_missing) == (1, 1)


ENDS = st.sampled_from([*AuditOutcome, None])


@given(ends=st.lists(ENDS, max_size=12), data=st.data())
def test_the_counts_do_not_depend_on_the_order_in_which_audits_end(
    ends: list[AuditOutcome | None], data: st.DataObject
) -> None:
    prefix = CompletedPrefix()
    numbers = [prefix.admit() for _ in ends]
    for number in data.draw(st.permutations(numbers)):
        verdict = ends[number]
        if verdict is None:
            prefix.withdraw(number)
        else:
            prefix.settle(number, verdict, f"cell {number % 2}")
    assert prefix.counted == {outcome: ends.count(outcome) for outcome in AuditOutcome}
    assert prefix.admitted == sum(end is not None for end in ends)
    by_cell = sum(sum(found.values()) for found in prefix.cells.values())
    assert by_cell == prefix.admitted
