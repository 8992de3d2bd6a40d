"""The upkeep of a store: nothing twice, nothing lost, whenever it is broken off."""

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
    whole_lines,
)
from tracer_bentos.segments import live_segments
from tracer_bentos.serving.decision.sampler import SessionSampler
from tracer_bentos.store import TraceStore
from tracer_core.contracts import runtime
from tracer_core.contracts.layout import TRACES, segment_key
from tracer_core.contracts.maintenance import Erasure
from tracer_core.contracts.runtime_config import RuntimeConfig, TeacherConfig
from tracer_core.errors import RetryLater, StoreError

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)


class BreaksOff(TraceStore):
    """A store that fails after so many writes and deletions, as a kill would."""

    left: int | None = None

    def create(self, key: str, content: bytes) -> bool:
        self._spend()
        return super().create(key, content)

    def delete(self, key: str) -> None:
        self._spend()
        super().delete(key)

    def _spend(self) -> None:
        if self.left is not None:
            if self.left == 0:
                raise StoreError("broken off")
            self.left -= 1


def store_in(folder: Path) -> BreaksOff:
    url = f"file://{folder}"
    return BreaksOff(LocalStore(prefix=folder, mkdir=True), url)


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
    """How often each record is read by somebody who reads the store now."""
    return Counter(
        json.loads(line)["id"]
        for key in live_segments(store)
        for line in whole_lines(store.read(key))
    )


def test_small_segments_of_past_days_are_put_together(tmp_path: Path) -> None:
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


def test_whole_segments_are_left_alone_and_days_are_kept_apart(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    fill(store, NOW - 2 * DAY, segments=6)
    fill(store, NOW - DAY, segments=1)
    assert compact(store, NOW, whole=100) == (0, 0)
    assert compact(store, NOW, whole=330) == (6, 2)


def test_a_segment_that_cannot_be_read_stays_where_it_is(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    fill(store, NOW - DAY, segments=3)
    torn = store.list(TRACES)[1]
    store.write(torn, b"torn")
    assert compact(store, NOW) == (2, 1)
    assert torn in live_segments(store)


def test_broken_off_anywhere_every_record_is_read_once_and_the_next_run_ends_it(
    tmp_path: Path,
) -> None:
    steps = 0
    while True:
        store = store_in(tmp_path / str(steps))
        for days in (3, 2):
            fill(store, NOW - days * DAY, segments=4)
        request_erasure(store, Erasure(ids=("22-1-1", "23-0-0"), asked=NOW))
        expected = Counter(dict.fromkeys(set(read(store)) - {"22-1-1", "23-0-0"}, 1))
        store.left = steps
        try:
            run_maintenance(store, NOW, None)
        except StoreError:
            broken = True
        else:
            broken = False
        store.left = None
        found = read(store)
        assert max(found.values()) == 1
        assert expected.keys() <= found.keys()
        for days in range(1, 9):
            run_maintenance(store, NOW + days * DAY, None)
            assert read(store) == expected
        assert store.list("replacements/") == []
        if not broken:
            break
        steps += 1
    assert steps > 10


def test_old_traces_go_and_the_ledger_stays(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for days in (40, 10):
        fill(store, NOW - days * DAY, segments=3)
    store.write("attempts/0001/request.json", b"{}")
    done = run_maintenance(store, NOW, timedelta(days=30))
    assert (done.expired, done.taken, done.made) == (3, 3, 1)
    assert {each.split("-")[0] for each in read(store)} == {"15"}
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


def test_a_session_is_forgotten_in_old_segments_and_in_those_that_come_later(
    tmp_path: Path,
) -> None:
    store = store_in(tmp_path)
    fill(store, NOW - 3 * DAY, segments=2)
    compact(store, NOW)  # the old segments are still there: they must go too
    request_erasure(store, Erasure(sessions=("s1",), asked=NOW))
    assert erase(store, NOW) == 2
    assert not any(each.endswith("-1") for each in read(store))
    plain = [whole_lines(store.read(key)) for key in store.list(TRACES)]
    assert not any(b'"s1"' in line for lines in plain for line in lines)
    fill(store, NOW, segments=1)  # from a pod's disk, recovered late
    assert erase(store, NOW + DAY) == 1
    assert erase(store, NOW + DAY) == 0


def test_one_upkeep_keeps_another_out_until_its_hold_ends(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    fill(store, NOW - DAY, segments=2)
    store.left = 2
    with pytest.raises(StoreError):
        run_maintenance(store, NOW, None)
    store.left = None
    with pytest.raises(RetryLater, match="may take over after 2026-11-25 09:00"):
        run_maintenance(store, NOW + timedelta(hours=1), None)
    assert run_maintenance(store, NOW + timedelta(hours=7), None).taken == 2


def test_the_verb_knows_a_session_by_its_hash_only(tmp_path: Path) -> None:
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


def test_a_store_that_is_away_is_said_and_tried_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(traces=traces_in(f"ftp://{tmp_path}"))
    monkeypatch.setenv(runtime.CONFIG, config[runtime.CONFIG])
    assert main([]) == 1
