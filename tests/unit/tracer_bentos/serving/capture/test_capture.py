"""Traces reach the store once, survive a crash, and never delay a request."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.serving_plane import PROMPT, serving, until
from support.serving_teacher import Teacher, teaching
from tracer_bentos.serving.capture.shipper import SegmentShipper
from tracer_bentos.serving.capture.spool import SegmentSpool
from tracer_bentos.store import open_store
from tracer_core.contracts.runtime_config import StoreConfig
from tracer_core.contracts.traces import TraceRecord, TraceStatus

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
MEBIBYTE = 1024 * 1024


def spool_in(folder: Path, limit: int = MEBIBYTE) -> SegmentSpool:
    return SegmentSpool(folder, "pod-1", limit, clock=lambda: NOW)


def rows(*texts: str) -> list[TraceRecord]:
    return [
        TraceRecord(input=text, teacher="x", task="t", uniform=True) for text in texts
    ]


async def test_a_deferred_request_becomes_a_redacted_trace(tmp_path: Path) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, revision=0, bundle_digest=None) as plane,
    ):
        await plane.client().chat.completions.create(
            model="gpt-test",
            messages=[
                {"role": "system", "content": PROMPT},
                {"role": "user", "content": "Refund to ann@example.com please"},
            ],
        )
        await until(lambda: plane.data_plane.counters.traces_written == 1)
        evidence = await plane.evidence()
    trace = plane.traces()[0]
    assert (trace["input"], trace["teacher"]) == ("Refund to [email] please", "refund")
    assert (trace["uniform"], trace["propensity"]) == (True, 1.0)
    assert (trace["decision"], trace["status"]) == ("teacher", "ok")
    assert (trace["prompt_tokens"], trace["completion_tokens"]) == (1000, 10)
    assert trace["cost"] == pytest.approx(0.0011)
    assert trace["task"] == evidence.tasks[0].task
    assert (evidence.tasks[0].uniform_labelled, evidence.tasks[0].labels) == (1, 1)


@pytest.mark.parametrize(
    "teacher",
    [
        Teacher(finish_reason="length"),
        Teacher(label=lambda _: "write to ann@example.com"),
    ],
    ids=["truncated", "personal"],
)
async def test_an_abnormal_answer_is_never_a_label(
    tmp_path: Path, teacher: Teacher
) -> None:
    async with teaching(teacher), serving(teacher.url, tmp_path) as plane:
        await plane.client().chat.completions.create(
            model="gpt-test", messages=[{"role": "user", "content": "Refund"}]
        )
        await until(lambda: plane.data_plane.counters.traces_written == 1)
        evidence = await plane.evidence()
    trace = plane.traces()[0]
    assert (trace["status"], trace.get("teacher")) == ("abnormal", None)
    assert evidence.tasks[0].uniform_labelled == 0


async def test_a_streamed_answer_becomes_a_label(
    tmp_path: Path,
) -> None:
    async with teaching() as teacher, serving(teacher.url, tmp_path) as plane:
        stream = await plane.client().chat.completions.create(
            model="gpt-test",
            messages=[{"role": "user", "content": "Refund"}],
            stream=True,
        )
        assert [chunk async for chunk in stream]
        await until(lambda: plane.data_plane.counters.traces_written == 1)
    assert plane.traces()[0]["teacher"] == "refund"


async def test_a_rejected_key_leaves_no_trace(tmp_path: Path) -> None:
    teacher = Teacher(refusal=(401, b"{}"))
    async with teaching(teacher), serving(teacher.url, tmp_path) as plane:
        async with plane.http.post(
            f"{plane.url}/v1/chat/completions",
            json={"model": "m", "messages": [{"role": "user", "content": "hi"}]},
        ) as response:
            assert response.status == 401
        counts = (await plane.evidence()).requests
    assert (counts.traces_pending, plane.traces()) == (0, [])


async def test_traces_wait_and_requests_are_served_while_the_store_is_down(
    tmp_path: Path,
) -> None:
    store = StoreConfig(url="s3://bucket/router", credentials=tmp_path / "absent")
    async with (
        teaching() as teacher,
        serving(
            teacher.url, tmp_path, store=store, bundle_digest=None, upload_seconds=0.0
        ) as plane,
    ):
        answer = await plane.client().chat.completions.create(
            model="gpt-test", messages=[{"role": "user", "content": "Refund"}]
        )
        await until(lambda: len(list((tmp_path / "spool").glob("*.jsonl"))) == 1)
        evidence = await plane.evidence()
    assert answer.choices[0].message.content == "refund"
    assert (evidence.requests.traces_pending, evidence.requests.traces_written) == (
        1,
        0,
    )
    assert evidence.tasks[0].uniform_labelled == 0


def test_a_spool_recovers_the_segments_of_a_killed_process(tmp_path: Path) -> None:
    killed = spool_in(tmp_path)
    killed.append(rows("one", "two"))
    left = next(tmp_path.glob("*.open"))
    left.write_bytes(left.read_bytes() + b'{"input":"torn')
    killed._lock.close()  # type: ignore[union-attr] # noqa: SLF001 - as the kernel would
    spool = spool_in(tmp_path)
    spool.open()
    (segment,) = spool.sealed
    assert (spool.pending, segment.recovered) == (2, True)
    assert segment.totals.labelled == {"t": 2}
    assert b"torn" not in segment.path.read_bytes()
    assert segment.key == (
        "traces/2026-11-24/20261124T120000.000000Z-pod-1-000000.jsonl.zst"
    )


def test_a_folder_in_use_cannot_be_opened(tmp_path: Path) -> None:
    spool_in(tmp_path).open()
    first = spool_in(tmp_path / "a")
    first.open()
    with pytest.raises(BlockingIOError):
        spool_in(tmp_path / "a").open()


def test_a_full_spool_drops_the_newest_records(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, limit=400)
    dropped = spool.append(rows(*["x" * 100] * 5))
    assert (dropped, spool.pending) == (4, 1) or (dropped, spool.pending) == (3, 2)


def test_only_labelled_rows_of_the_uniform_sample_are_counted(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    record = rows("one")[0]
    spool.append(
        [
            record,
            record.model_copy(update={"uniform": False}),
            record.model_copy(update={"teacher": None, "status": TraceStatus.FAILED}),
        ]
    )
    spool.seal()
    totals = spool.sealed[0].totals
    assert (totals.records, dict(totals.labelled)) == (3, {"t": 1})


def test_a_segment_is_written_to_the_store_once(tmp_path: Path) -> None:
    config = StoreConfig(url=f"file://{tmp_path}/store")
    spool = spool_in(tmp_path / "spool")
    spool.append(rows("one"))
    spool.seal()
    (segment,) = spool.sealed
    shipper = SegmentShipper(config)
    again = spool_in(tmp_path / "spool")
    spool.close()
    again.open()
    news = [shipper.ship(segment), shipper.ship(segment), shipper.ship(again.sealed[0])]
    assert news == [True, True, False]
    assert open_store(config).list("traces/") == [segment.key]
