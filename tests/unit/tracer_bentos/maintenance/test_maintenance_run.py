"""Maintenance of a store: an interruption duplicates and loses no record."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import zstandard
from obstore.store import LocalStore

from support.configuration import configured, traces_in
from tracer_bentos.maintenance.__main__ import main, maintain
from tracer_bentos.maintenance.compaction import compact
from tracer_bentos.maintenance.erasure import erase, request_erasure
from tracer_bentos.maintenance.maintenance_run import run_maintenance
from tracer_bentos.maintenance.segment_replacement import (
    GRACE,
    clear_replaced,
    decode_lines,
)
from tracer_bentos.segments import live_segments
from tracer_bentos.serving.decision.audit_sampler import SessionSampler
from tracer_bentos.store import TraceStore
from tracer_core.contracts import runtime
from tracer_core.contracts.runtime_config import RuntimeConfig, TeacherConfig
from tracer_core.contracts.store.layout import TRACES, segment_key
from tracer_core.contracts.store.maintenance import Erasure
from tracer_core.errors import RetryLater, StoreError

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)


class InterruptibleStore(TraceStore):
    """A store that fails after a number of writes and deletions, as after a kill."""

    steps_left: int | None = None

    def create(self, key: str, content: bytes) -> bool:
        self._spend()
        return super().create(key, content)

    def delete(self, key: str) -> None:
        self._spend()
        super().delete(key)

    def _spend(self) -> None:
        if self.steps_left is not None:
            if self.steps_left == 0:
                raise StoreError("interrupted")
            self.steps_left -= 1


def store_in(folder: Path) -> InterruptibleStore:
    url = f"file://{folder}"
    return InterruptibleStore(LocalStore(prefix=folder, mkdir=True), url)


def fill(store: TraceStore, day: datetime, *, segments: int, rows: int = 3) -> None:
    for number in range(segments):
        lines = [
            json.dumps(
                {
                    "input": "Refund",
                    "id": f"{day:%d}-{number}-{row}",
                    "session": f"s{row}",
                }
            )
            for row in range(rows)
        ]
        content = zstandard.compress(("\n".join(lines) + "\n").encode())
        key = segment_key(day + timedelta(minutes=number), "pod-1", number)
        assert store.create(key, content)


def read(store: TraceStore) -> Counter[str]:
    """Return how often a reader of the store reads each record."""
    return Counter(
        json.loads(line)["id"]
        for key in live_segments(store)
        for line in decode_lines(store.read(key))
    )


def test_small_segments_of_past_days_are_merged(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for days in (2, 1, 0):
        fill(store, NOW - days * DAY, segments=5)
    before = read(store)
    assert compact(store, NOW) == (10, 2)
    assert read(store) == before
    assert len(live_segments(store)) == 2 + 5
    assert len(store.list(TRACES)) == 15 + 2
    clear_replaced(store, set(store.list(TRACES)), NOW + GRACE)
    assert len(store.list(TRACES)) == 2 + 5
    assert read(store) == before


def test_large_segments_are_not_merged_and_days_stay_separate(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    fill(store, NOW - 2 * DAY, segments=6)
    fill(store, NOW - DAY, segments=1)
    assert compact(store, NOW, segment_bytes=100) == (0, 0)
    assert compact(store, NOW, segment_bytes=330) == (6, 2)


def test_an_unreadable_segment_stays(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    fill(store, NOW - DAY, segments=3)
    torn = store.list(TRACES)[1]
    store.write(torn, b"torn")
    assert compact(store, NOW) == (2, 1)
    assert torn in live_segments(store)


def test_after_an_interruption_each_record_is_read_once_and_later_runs_finish(
    tmp_path: Path,
) -> None:
    steps = 0
    while True:
        store = store_in(tmp_path / str(steps))
        for days in (3, 2):
            fill(store, NOW - days * DAY, segments=4)
        request_erasure(store, Erasure(ids=("22-1-1", "23-0-0"), asked=NOW))
        expected = Counter(dict.fromkeys(set(read(store)) - {"22-1-1", "23-0-0"}, 1))
        store.steps_left = steps
        try:
            run_maintenance(store, NOW, None)
        except StoreError:
            interrupted = True
        else:
            interrupted = False
        store.steps_left = None
        found = read(store)
        assert max(found.values()) == 1
        assert expected.keys() <= found.keys()
        for days in range(1, 9):
            run_maintenance(store, NOW + days * DAY, None)
            assert read(store) == expected
        assert store.list("replacements/") == []
        if not interrupted:
            break
        steps += 1
    assert steps > 10


def test_expired_traces_are_deleted_and_the_ledger_stays(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for days in (40, 10):
        fill(store, NOW - days * DAY, segments=3)
    store.write("attempts/0001/request.json", b"{}")
    done = run_maintenance(store, NOW, timedelta(days=30))
    assert (done.expired, done.compacted, done.written) == (3, 3, 1)
    assert {record.split("-")[0] for record in read(store)} == {"15"}
    assert store.list("attempts/") == ["attempts/0001/request.json"]


def test_no_record_of_a_compacted_day_outlives_the_retention(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    first = (NOW - 3 * DAY).replace(hour=0, minute=0)
    fill(store, first, segments=2)
    for days in (0, 2):
        run_maintenance(store, NOW + days * DAY, None)
    assert len(store.list(TRACES)) == 1
    run_maintenance(store, first + timedelta(days=30, seconds=1), timedelta(days=30))
    assert read(store) == Counter()


def test_a_session_is_erased_from_present_segments_and_from_later_ones(
    tmp_path: Path,
) -> None:
    store = store_in(tmp_path)
    fill(store, NOW - 3 * DAY, segments=2)
    compact(store, NOW)  # the replaced segments still exist and must be deleted, too
    request_erasure(store, Erasure(sessions=("s1",), asked=NOW))
    assert erase(store, NOW) == 2
    assert not any(record.endswith("-1") for record in read(store))
    segments = [decode_lines(store.read(key)) for key in store.list(TRACES)]
    assert not any(b'"s1"' in line for lines in segments for line in lines)
    fill(store, NOW, segments=1)  # uploaded late from the disk of a pod
    assert erase(store, NOW + DAY) == 1
    assert erase(store, NOW + DAY) == 0


def test_a_run_excludes_another_run_until_its_lease_ends(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    fill(store, NOW - DAY, segments=2)
    store.steps_left = 2
    with pytest.raises(StoreError):
        run_maintenance(store, NOW, None)
    store.steps_left = None
    with pytest.raises(RetryLater, match="can take over after 2026-11-25 09:00"):
        run_maintenance(store, NOW + timedelta(hours=1), None)
    assert run_maintenance(store, NOW + timedelta(hours=7), None).compacted == 2


def test_an_erasure_request_stores_only_the_hash_of_a_session(tmp_path: Path) -> None:
    url, teacher = f"file://{tmp_path}", "https://api.example.com/v1"
    config = RuntimeConfig(
        teacher=TeacherConfig(url=f"{teacher}/"), traces=traces_in(url)
    )
    store = store_in(tmp_path)
    session = SessionSampler(teacher, url).pseudonym("ann")
    line = json.dumps({"input": "Refund", "id": "1", "session": session})
    store.create(segment_key(NOW, "p", 1), zstandard.compress(f"{line}\n".encode()))
    summary = maintain(config, ["ann"], [])
    assert "1 records erased" in summary
    assert live_segments(store) == []
    assert not any(b"ann" in path.read_bytes() for path in tmp_path.rglob("*.json"))


def test_an_unreachable_store_ends_the_run_with_a_code_for_a_retry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(traces=traces_in(f"ftp://{tmp_path}"))
    monkeypatch.setenv(runtime.CONFIG, config[runtime.CONFIG])
    assert main([]) == 1
