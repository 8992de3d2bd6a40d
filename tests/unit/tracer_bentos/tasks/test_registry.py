"""Requests find their task, whatever varies in them, and in every pod alike."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from support.questions import asked_of
from support.serving_plane import until
from tracer_bentos.protocols.adapter import ClassificationInput, ParsedRequest
from tracer_bentos.protocols.chat.request import OpenAIChat
from tracer_bentos.redaction.standard import StandardRedactor
from tracer_bentos.serving.telemetry.counters import ProcessCounters
from tracer_bentos.store import open_store
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_bentos.tasks.template_sync import TemplateSync
from tracer_core.constants import OTHER_TASK
from tracer_core.contracts.runtime_config import StoreConfig

CHAT = OpenAIChat()
PROMPT = "You help {name} at ACME. Sort each ticket into billing, refund or other."
NAMES = [f"{first} {last}" for first in ("Ann", "Bob", "Eve", "Dan") for last in "KLMN"]


def ask(system: str, text: str = "My order is late", **more: Any) -> ParsedRequest:
    messages = [
        {"role": "system", "content": system},
        {"role": "user", "content": text},
    ]
    found = asked_of(CHAT, messages=messages, **more)
    assert found
    return found


def for_name(name: str) -> ParsedRequest:
    return ask(PROMPT.format(name=name))


def tasks_of(questions: list[ClassificationInput]) -> set[str]:
    return {each.task for each in questions}


def store_in(folder: Path) -> StoreConfig:
    return StoreConfig(url=f"file://{folder}")


def keeper_of(book: TaskRegistry, folder: Path | None = None) -> TemplateSync:
    return TemplateSync(book, store_in(folder) if folder else None, StandardRedactor())


def test_a_date_in_the_instructions_is_input() -> None:
    book = TaskRegistry()
    one, two = (
        book.identify(ask(f"Today is {day}. Sort."))
        for day in ("2026-11-25", "1.1.2027")
    )
    assert one.task == two.task
    assert one.input == "2026-11-25\nMy order is late"


async def test_names_in_the_instructions_become_input() -> None:
    book = TaskRegistry()
    before = [book.identify(for_name(name)) for name in NAMES]
    await keeper_of(book).sync()
    after = [
        book.identify(for_name(name)) for name in [*NAMES, "Kim", "Max Mustermann"]
    ]
    assert len(tasks_of(before)) == len(NAMES)
    assert len(tasks_of(after)) == 1
    assert after[-1].input == "Max Mustermann\nMy order is late"


async def test_other_instructions_stay_another_task() -> None:
    book = TaskRegistry()
    for name in NAMES:
        book.identify(for_name(name))
    await keeper_of(book).sync()
    known = book.identify(for_name("Kim"))
    changed = PROMPT.format(name="Kim").replace("other", "shipping or other")
    assert book.identify(ask(changed)).task != known.task
    assert book.identify(ask(PROMPT, temperature=1)).task != known.task


async def test_a_task_that_is_certified_keeps_its_fingerprint() -> None:
    certified: list[str] = []
    book = TaskRegistry(certified=lambda: certified)
    certified.append(book.identify(for_name("Ann K")).task)
    for name in NAMES:
        book.identify(for_name(name))
    await keeper_of(book).sync()
    assert book.identify(for_name("Ann K")).task == certified[0]
    assert book.identify(for_name("Bob K")).task != certified[0]


async def test_a_certified_task_is_not_divided_by_what_another_pod_finds(
    tmp_path: Path,
) -> None:
    asked = [ask("Be brief.", f"Classify the ticket below: {n} {n}") for n in range(32)]
    elsewhere, certified = TaskRegistry(), list[str]()
    for each in asked:
        certified[:] = [elsewhere.identify(each).task]
    await keeper_of(elsewhere, tmp_path).sync()
    assert elsewhere.identify(asked[0]).task != certified[0]
    here = TaskRegistry(certified=lambda: certified)
    await keeper_of(here, tmp_path).sync()
    assert here.identify(asked[0]).task == certified[0]


async def test_what_is_repeated_around_a_text_belongs_to_the_task() -> None:
    book = TaskRegistry()
    asked = [
        ask("Be brief.", f"Classify the ticket below.\nTicket: {n} {n * n}\nLabel:")
        for n in range(32)
    ]
    for each in asked:
        book.identify(each)
    await keeper_of(book).sync()
    questions = [book.identify(each) for each in asked]
    other = book.identify(ask("Be brief.", "Hello"))
    assert questions[5].input == "5 25"
    assert len(tasks_of(questions)) == 1
    assert other.task not in tasks_of(questions)


async def test_what_was_settled_never_changes_again() -> None:
    book = TaskRegistry()
    for n in range(32):
        book.identify(ask("Be brief.", f"{n} orders"))
    await keeper_of(book).sync()
    settled = book.identify(ask("Be brief.", "Hello")).task
    for n in range(64):
        book.identify(ask("Be brief.", f"Classify the ticket below please: {n}"))
    await keeper_of(book).sync()
    assert book.identify(ask("Be brief.", "Classify it")).task == settled


async def test_all_pods_have_the_same_tasks_whoever_finds_them(tmp_path: Path) -> None:
    books = [TaskRegistry(), TaskRegistry(), TaskRegistry()]
    keepers = [keeper_of(book, tmp_path) for book in books]
    for book, names in zip(books, (NAMES, NAMES[::-1], NAMES[:3]), strict=True):
        for name in names:
            book.identify(for_name(name))
    for keeper in [*keepers, *keepers]:
        await keeper.sync()
    questions = [book.identify(for_name("Kim")) for book in books]
    later = TaskRegistry()
    await keeper_of(later, tmp_path).sync()
    questions.append(later.identify(for_name("Kim")))
    assert len(tasks_of(questions)) == 1
    assert questions[0].input == "Kim\nMy order is late"


async def test_what_redaction_would_take_out_is_not_shared(tmp_path: Path) -> None:
    book = TaskRegistry()
    prompt = PROMPT + " Escalate to jane.doe@example.com."
    for name in NAMES:
        book.identify(ask(prompt.format(name=name)))
    await keeper_of(book, tmp_path).sync()
    assert open_store(store_in(tmp_path)).list("tasks/") == []


async def test_trouble_with_the_store_does_not_end_the_search(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("no folder")
    book = TaskRegistry()
    keeper = TemplateSync(
        book, store_in(tmp_path / "store"), StandardRedactor(), seconds=0.01
    )
    searching = asyncio.create_task(keeper.run())
    await asyncio.sleep(0.1)
    assert not searching.done()
    (tmp_path / "store").unlink()
    for name in NAMES:
        book.identify(for_name(name))
    await until(lambda: book.size > 0)
    searching.cancel()


async def test_a_document_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    open_store(store_in(tmp_path)).write("tasks/found/x/0001.json", b"{")
    book = TaskRegistry()
    await keeper_of(book, tmp_path).sync()
    await keeper_of(book, tmp_path).sync()
    assert book.size == 0


def test_the_reason_names_the_field_that_differs() -> None:
    book = TaskRegistry(limit=2)
    for n in range(20):
        book.identify(ask("Be brief.", request_number=n))
    report = book.variety.report
    assert report
    assert (report.tasks, report.field) == (18, "request_number")
    assert "more than 2 tasks, which differ mostly in request_number" in report.reason
    assert "name it in tasks.ignore" in report.reason


def test_the_reason_names_the_instructions_that_differ() -> None:
    book = TaskRegistry(limit=2)
    for n in range(20):
        book.identify(ask(f"You are number {n}."))
    report = book.variety.report
    assert report
    assert report.field == "the text of system 1"


def test_few_tasks_need_no_reason() -> None:
    book = TaskRegistry(limit=2)
    for _ in range(20):
        book.identify(ask("Be brief."))
    assert book.variety.report is None


def test_tasks_beyond_the_limit_are_counted_together() -> None:
    counts = ProcessCounters(task_limit=4)
    for n in range(100):
        counts.task(f"once {n}").requests += 1
    for _ in range(20):
        counts.task("often").requests += 1
    found = {each.task: each.requests for each in counts.tasks()}
    assert found.pop("often") > 10
    assert found == {"once 0": 1, "once 1": 1, OTHER_TASK: sum(found.values()) - 2}


def test_a_certified_task_has_counts_of_its_own_however_many_there_are() -> None:
    counts = ProcessCounters(task_limit=1, certified=lambda: ["certified"])
    for n in range(10):
        counts.task(f"task {n}")
    assert counts.task("certified").task == "certified"


@pytest.mark.parametrize("field", ["user", "metadata", "seed", "service_tier"])
def test_a_field_that_never_matters_is_no_part_of_a_task(field: str) -> None:
    book = TaskRegistry()
    assert tasks_of([book.identify(ask("a", **{field: "x"}))]) == tasks_of(
        [book.identify(ask("a"))]
    )


def test_a_fingerprint_is_the_same_in_another_process() -> None:
    # Traces outlive releases: a change here sends every certified task to the teacher.
    asked = CHAT.parse_request(
        json.dumps(
            {
                "model": "gpt-4o",
                "temperature": 0,
                "messages": [
                    {"role": "system", "content": "Sort the ticket. It is 2026-11-25."},
                    {"role": "user", "content": "Refund"},
                ],
            }
        ).encode()
    )
    assert asked
    task = TaskRegistry("OpenAI https://api.openai.com/v1").identify(asked).task
    assert task == (
        "sha256:a933007633dd5275ea4a763e9dd70fa13ddba39d284bbd997974172d7059ac75"
    )
