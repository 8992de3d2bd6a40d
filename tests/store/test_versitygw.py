"""The trace store on a real S3 server: the chart's own, whose program is built here."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import aiohttp
import pytest
import zstandard

from support.s3_server import S3Server, s3_server
from support.serving_process import ask, evidence, shipped, started
from support.serving_teacher import teaching
from tracer_bentos.maintenance.maintenance_run import run_maintenance
from tracer_bentos.maintenance.segment_replacement import decode_lines
from tracer_bentos.segments import live_segments
from tracer_bentos.store import TraceStore, open_store
from tracer_bentos.training.run.load_rows import load_rows
from tracer_core.contracts import runtime
from tracer_core.contracts.store.layout import TRACES, segment_key
from tracer_core.errors import InputError, StoreError

pytestmark = pytest.mark.cluster

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[S3Server]:
    with s3_server(tmp_path / "s3") as running:
        yield running


@pytest.fixture
def store(server: S3Server) -> TraceStore:
    return open_store(server.config("ns/tickets"))


def test_an_object_is_written_once_read_listed_and_deleted(store: TraceStore) -> None:
    assert [store.create("a/1", b"one"), store.create("a/1", b"two")] == [True, False]
    store.write("a/2", b"three")
    store.write("a/2", b"four")
    assert (store.read("a/1"), store.read("a/2")) == (b"one", b"four")
    assert store.list("a/") == ["a/1", "a/2"]
    store.delete("a/1")
    store.delete("a/1")
    assert store.list("a/") == ["a/2"]
    with pytest.raises(FileNotFoundError):
        store.read("a/1")


def test_of_many_that_create_at_once_one_is_first(server: S3Server) -> None:
    won: list[int] = []

    def create(number: int) -> None:
        own = open_store(server.config("ns/tickets"))
        if own.create("race", b"%d" % number):
            won.append(number)

    racing = [Thread(target=create, args=(number,)) for number in range(8)]
    for each in racing:
        each.start()
    for each in racing:
        each.join()
    (first,) = won
    kept = open_store(server.config("ns/tickets")).read("race")
    assert kept == b"%d" % first


def test_routers_do_not_see_each_other(server: S3Server, store: TraceStore) -> None:
    store.write("traces/one", b"1")
    assert open_store(server.config("ns/ticket")).list("traces/") == []


def test_a_server_that_is_away_is_an_error_in_words(
    server: S3Server, store: TraceStore
) -> None:
    server.stop()
    with pytest.raises(StoreError, match="cannot list s3://traces/ns/tickets/traces/"):
        store.list(TRACES)


def test_maintenance_works_with_versitygw(store: TraceStore) -> None:
    for number in range(4):
        line = json.dumps({"input": "Refund", "id": str(number)})
        key = segment_key(NOW - timedelta(days=1, minutes=number), "pod", number)
        store.create(key, zstandard.compress(f"{line}\n".encode()))
    done = run_maintenance(store, NOW, timedelta(days=90))
    assert (done.compacted, done.written) == (4, 1)
    run_maintenance(store, NOW + timedelta(days=1), timedelta(days=90))
    assert store.list(TRACES) == live_segments(store)
    (whole,) = live_segments(store)
    ids = {json.loads(line)["id"] for line in decode_lines(store.read(whole))}
    assert ids == {"0", "1", "2", "3"}


async def test_a_killed_pod_and_a_killed_server_lose_nothing_that_was_logged(
    server: S3Server, store: TraceStore, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {
        "store": server.config("ns/tickets"),
        "TRACER_SEGMENT_SECONDS": "0.1",
    }
    async with teaching() as teacher, aiohttp.ClientSession() as http:
        with started(teacher.url, tmp_path, **settings) as process:
            for number in range(10):
                await ask(http, process, f"before {number}")
            server.stop()
            for number in range(10):
                await ask(http, process, f"away {number}")
            while (await evidence(http, process)).requests.traces_logged < 20:
                pass
            process.running.kill()
        server.start()
        with started(teacher.url, tmp_path, **settings):
            await shipped(tmp_path)
    found = [
        json.loads(line)["input"]
        for key in live_segments(store)
        for line in decode_lines(store.read(key))
    ]
    expected = [f"{when} {n}" for when in ("before", "away") for n in range(10)]
    assert sorted(found) == sorted(expected)


def test_the_offline_verbs_read_an_export_by_its_url(
    server: S3Server, store: TraceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = server.config("ns/tickets")
    monkeypatch.setenv(runtime.STORE_ENDPOINT, str(config.endpoint))
    monkeypatch.setenv(runtime.STORE_CREDENTIALS, str(config.credentials))
    line = json.dumps({"input": "a", "teacher": "b"}).encode() + b"\n"
    store.write("export/one.jsonl.zst", zstandard.compress(line * 3))
    found = load_rows("s3://traces/ns/tickets/export")
    assert (len(found.rows.rows), found.faults) == (3, ())
    with pytest.raises(InputError, match="no traces at s3://traces/absent"):
        load_rows("s3://traces/absent")
