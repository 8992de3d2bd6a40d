"""Tasks of requests with variable parts, equal in all pods."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from support.questions import parse_sample
from support.serving_plane import until
from tracer_bentos.protocols.adapter import ClassificationInput, ParsedRequest
from tracer_bentos.protocols.openai_chat.adapter import OpenAIChat
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


def parse(system: str, text: str = "My order is late", **more: Any) -> ParsedRequest:
    messages = [
        {"role": "system", "content": system},
        {"role": "user", "content": text},
    ]
    request = parse_sample(CHAT, messages=messages, **more)
    assert request
    return request


def for_name(name: str) -> ParsedRequest:
    return parse(PROMPT.format(name=name))


def task_set(inputs: list[ClassificationInput]) -> set[str]:
    return {value.task for value in inputs}


def store_in(folder: Path) -> StoreConfig:
    return StoreConfig(url=f"file://{folder}")


def sync_of(registry: TaskRegistry, folder: Path | None = None) -> TemplateSync:
    return TemplateSync(
        registry, store_in(folder) if folder else None, StandardRedactor()
    )


def test_a_date_in_the_instructions_is_input() -> None:
    registry = TaskRegistry()
    one, two = (
        registry.identify(parse(f"Today is {day}. Sort."))
        for day in ("2026-11-25", "1.1.2027")
    )
    assert one.task == two.task
    assert one.input == "2026-11-25\nMy order is late"


async def test_names_in_the_instructions_become_input() -> None:
    registry = TaskRegistry()
    before = [registry.identify(for_name(name)) for name in NAMES]
    await sync_of(registry).sync()
    after = [
        registry.identify(for_name(name)) for name in [*NAMES, "Kim", "Max Mustermann"]
    ]
    assert len(task_set(before)) == len(NAMES)
    assert len(task_set(after)) == 1
    assert after[-1].input == "Max Mustermann\nMy order is late"


async def test_other_instructions_are_another_task() -> None:
    registry = TaskRegistry()
    for name in NAMES:
        registry.identify(for_name(name))
    await sync_of(registry).sync()
    known = registry.identify(for_name("Kim"))
    changed = PROMPT.format(name="Kim").replace("other", "shipping or other")
    assert registry.identify(parse(changed)).task != known.task
    assert registry.identify(parse(PROMPT, temperature=1)).task != known.task


async def test_a_certified_task_keeps_its_fingerprint() -> None:
    certified: list[str] = []
    registry = TaskRegistry(certified=lambda: certified)
    certified.append(registry.identify(for_name("Ann K")).task)
    for name in NAMES:
        registry.identify(for_name(name))
    await sync_of(registry).sync()
    assert registry.identify(for_name("Ann K")).task == certified[0]
    assert registry.identify(for_name("Bob K")).task != certified[0]


async def test_templates_of_another_pod_do_not_split_a_certified_task(
    tmp_path: Path,
) -> None:
    requests = [
        parse("Be brief.", f"Classify the ticket below: {n} {n}") for n in range(32)
    ]
    other_pod, certified = TaskRegistry(), list[str]()
    for request in requests:
        certified[:] = [other_pod.identify(request).task]
    await sync_of(other_pod, tmp_path).sync()
    assert other_pod.identify(requests[0]).task != certified[0]
    this_pod = TaskRegistry(certified=lambda: certified)
    await sync_of(this_pod, tmp_path).sync()
    assert this_pod.identify(requests[0]).task == certified[0]


async def test_text_that_repeats_around_the_input_is_part_of_the_task() -> None:
    registry = TaskRegistry()
    requests = [
        parse("Be brief.", f"Classify the ticket below.\nTicket: {n} {n * n}\nLabel:")
        for n in range(32)
    ]
    for request in requests:
        registry.identify(request)
    await sync_of(registry).sync()
    inputs = [registry.identify(request) for request in requests]
    other = registry.identify(parse("Be brief.", "Hello"))
    assert inputs[5].input == "5 25"
    assert len(task_set(inputs)) == 1
    assert other.task not in task_set(inputs)


async def test_a_frozen_task_never_changes() -> None:
    registry = TaskRegistry()
    for n in range(32):
        registry.identify(parse("Be brief.", f"{n} orders"))
    await sync_of(registry).sync()
    frozen = registry.identify(parse("Be brief.", "Hello")).task
    for n in range(64):
        registry.identify(parse("Be brief.", f"Classify the ticket below please: {n}"))
    await sync_of(registry).sync()
    assert registry.identify(parse("Be brief.", "Classify it")).task == frozen


async def test_all_pods_have_the_same_tasks(tmp_path: Path) -> None:
    registries = [TaskRegistry(), TaskRegistry(), TaskRegistry()]
    syncs = [sync_of(registry, tmp_path) for registry in registries]
    for registry, names in zip(
        registries, (NAMES, NAMES[::-1], NAMES[:3]), strict=True
    ):
        for name in names:
            registry.identify(for_name(name))
    for sync in [*syncs, *syncs]:
        await sync.sync()
    inputs = [registry.identify(for_name("Kim")) for registry in registries]
    later = TaskRegistry()
    await sync_of(later, tmp_path).sync()
    inputs.append(later.identify(for_name("Kim")))
    assert len(task_set(inputs)) == 1
    assert inputs[0].input == "Kim\nMy order is late"


async def test_a_template_with_text_that_redaction_changes_is_not_shared(
    tmp_path: Path,
) -> None:
    registry = TaskRegistry()
    prompt = PROMPT + " Escalate to jane.doe@example.com."
    for name in NAMES:
        registry.identify(parse(prompt.format(name=name)))
    await sync_of(registry, tmp_path).sync()
    assert open_store(store_in(tmp_path)).list("tasks/") == []


async def test_an_error_of_the_store_does_not_end_the_synchronization(
    tmp_path: Path,
) -> None:
    (tmp_path / "store").write_text("no folder")
    registry = TaskRegistry()
    sync = TemplateSync(
        registry, store_in(tmp_path / "store"), StandardRedactor(), seconds=0.01
    )
    running = asyncio.create_task(sync.run())
    await asyncio.sleep(0.1)
    assert not running.done()
    (tmp_path / "store").unlink()
    for name in NAMES:
        registry.identify(for_name(name))
    await until(lambda: registry.size > 0)
    running.cancel()


async def test_an_invalid_document_in_the_store_is_ignored(tmp_path: Path) -> None:
    open_store(store_in(tmp_path)).write("tasks/found/x/0001.json", b"{")
    registry = TaskRegistry()
    await sync_of(registry, tmp_path).sync()
    await sync_of(registry, tmp_path).sync()
    assert registry.size == 0


def test_the_reason_names_the_field_that_differs() -> None:
    registry = TaskRegistry(limit=2)
    for n in range(20):
        registry.identify(parse("Be brief.", request_number=n))
    report = registry.fragmentation.report
    assert report
    assert (report.tasks, report.field) == (18, "request_number")
    assert "more than 2 tasks, which differ mostly in request_number" in report.reason
    assert "add it to tasks.ignore" in report.reason


def test_the_reason_names_the_instructions_that_differ() -> None:
    registry = TaskRegistry(limit=2)
    for n in range(20):
        registry.identify(parse(f"You are number {n}."))
    report = registry.fragmentation.report
    assert report
    assert report.field == "the text of system 1"


def test_there_is_no_report_below_the_limit() -> None:
    registry = TaskRegistry(limit=2)
    for _ in range(20):
        registry.identify(parse("Be brief."))
    assert registry.fragmentation.report is None


def test_tasks_beyond_the_limit_are_counted_together() -> None:
    counts = ProcessCounters(task_limit=4)
    for n in range(100):
        counts.task(f"once {n}").requests += 1
    for _ in range(20):
        counts.task("often").requests += 1
    requests = {task.task: task.requests for task in counts.tasks()}
    assert requests.pop("often") > 10
    others = sum(requests.values()) - 2
    assert requests == {"once 0": 1, "once 1": 1, OTHER_TASK: others}


def test_a_certified_task_is_counted_separately_above_the_limit() -> None:
    counts = ProcessCounters(task_limit=1, certified=lambda: ["certified"])
    for n in range(10):
        counts.task(f"task {n}")
    assert counts.task("certified").task == "certified"


@pytest.mark.parametrize("field", ["user", "metadata", "seed", "service_tier"])
def test_a_field_without_effect_is_not_part_of_a_task(field: str) -> None:
    registry = TaskRegistry()
    assert task_set([registry.identify(parse("a", **{field: "x"}))]) == task_set(
        [registry.identify(parse("a"))]
    )


def test_a_fingerprint_is_the_same_in_another_process() -> None:
    # After a change of this value the teacher answers all certified tasks.
    request = CHAT.parse_request(
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
    assert request
    task = TaskRegistry("OpenAI https://api.openai.com/v1").identify(request).task
    assert task == (
        "sha256:a933007633dd5275ea4a763e9dd70fa13ddba39d284bbd997974172d7059ac75"
    )
