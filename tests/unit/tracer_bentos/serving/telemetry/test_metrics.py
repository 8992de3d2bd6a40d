"""Observability: metrics, logs, and the trace context."""

import json
import logging
import re
from pathlib import Path

import pytest

from support.serving_plane import PROMPT, Plane, certified, serving, until
from support.serving_teacher import teaching
from tracer_bentos.serving.server.json_logging import configure_json_logging
from tracer_bentos.serving.telemetry.latency import BUCKET_BOUNDS, Histogram
from tracer_core.contracts.access import AccessMode

REFERENCE = Path(__file__).parents[5] / "docs" / "reference" / "metrics.md"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def ask(plane: Plane, text: str) -> None:
    messages = [
        {"role": "system", "content": PROMPT},
        {"role": "user", "content": text},
    ]
    await plane.client().chat.completions.create(
        model="gpt-test", messages=messages, extra_headers={"traceparent": PARENT}
    )


async def metrics(plane: Plane) -> dict[str, float]:
    async with plane.http.get(f"{plane.internal}/metrics") as response:
        lines = (await response.text()).splitlines()
    samples = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}


async def test_each_leg_of_a_deferred_question_is_timed_and_its_tokens_counted(
    tmp_path: Path,
) -> None:
    async with teaching() as teacher, serving(teacher.url, tmp_path) as plane:
        await ask(plane, "Refund my order")
        task = (await plane.evidence()).tasks[0].task[:19]
        found = await metrics(plane)
    legs = ("surrogate", "teacher", "teacher-head", "teacher-whole")
    timed = [
        found[f'tracer_request_duration_seconds_count{{leg="{leg}"}}'] for leg in legs
    ]
    assert timed == [0, 1, 1, 1]
    assert found['tracer_request_duration_seconds_sum{leg="teacher-whole"}'] > 0
    tokens = "tracer_teacher_tokens_total"
    assert found[f'{tokens}{{kind="prompt",task="{task}"}}'] == 1000
    assert found[f'{tokens}{{kind="completion",task="{task}"}}'] == 10
    assert found['tracer_in_flight_requests{kind="requests"}'] == 0


async def test_every_metric_of_the_data_plane_is_in_the_reference(
    tmp_path: Path,
) -> None:
    async with teaching() as teacher, serving(teacher.url, tmp_path) as plane:
        await ask(plane, "Refund my order")
        names = {re.split("[{]", name)[0] for name in await metrics(plane)}
    own = {name for name in names if name.startswith("tracer_")}
    own = {re.sub("_(bucket|count|sum|created)$", "", name) for name in own}
    described = set(re.findall(r"`(tracer_\w+)`", REFERENCE.read_text()))
    assert {name for name in own if name not in described} == set()
    assert {name for name in described if name not in own} == set()


async def test_the_trace_context_reaches_the_teacher_in_requests_and_audits(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, access=AccessMode.OPEN) as plane,
    ):
        await ask(plane, "Refund my order")
        await until(lambda: plane.data_plane.surrogate_slot.digest is not None)
        task = (await plane.evidence()).tasks[0].task
        await plane.push(certified(task, audit=1.0))
        await ask(plane, "Refund another")
        await until(lambda: len(teacher.seen) == 2)
    assert [seen.header("traceparent") for seen in teacher.seen] == [PARENT, PARENT]


def test_a_time_is_counted_in_the_first_bucket_with_a_sufficient_bound() -> None:
    histogram = Histogram()
    for seconds in (BUCKET_BOUNDS[0], BUCKET_BOUNDS[0] * 1.01, 1000.0):
        histogram.observe(seconds)
    buckets = dict(histogram.cumulative())
    assert (buckets["0.0001"], buckets["0.00025"], buckets["60.0"]) == (1, 2, 2)
    assert buckets["+Inf"] == 3


def test_a_log_line_is_one_json_object_for_any_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        configure_json_logging()
        logging.getLogger("here").warning("two\nlines, %s", '"quoted"')
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    line = json.loads(capsys.readouterr().err)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "warning",
        "logger": "here",
        "message": 'two\nlines, "quoted"',
    }
