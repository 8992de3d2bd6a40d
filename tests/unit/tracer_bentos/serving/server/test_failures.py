"""Failures of store, disk, internal port, and bundle, from the start or later.

In all cases, requests are answered and the evidence contains the error.
"""

import resource
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from support.serving_process import Process, ask, evidence, started, stored
from support.serving_teacher import teaching
from tracer_bentos.store import open_store
from tracer_core.contracts import runtime
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.evidence import Evidence
from tracer_core.contracts.runtime_config import RevisionConfig, StoreConfig

FULL_DISK = ("prlimit", "--fsize=0")
"""No file can grow."""
EVERYTHING = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


async def wait_for_evidence(
    http: aiohttp.ClientSession,
    process: Process,
    condition: Callable[[Evidence], bool],
) -> Evidence:
    """Return the first evidence for which a condition is true."""
    while not condition(found := await evidence(http, process)):
        pass
    return found


def unreachable_store(
    folder: Path, endpoint: str = "http://127.0.0.1:9"
) -> StoreConfig:
    """Return a store at an address without a listener."""
    (folder / "access-key-id").write_text("id")
    (folder / "secret-access-key").write_text("secret")
    return StoreConfig(url="s3://traces/router", endpoint=endpoint, credentials=folder)


@pytest.mark.slow
async def test_traces_stay_on_disk_while_the_store_is_down_from_the_start(
    tmp_path: Path,
) -> None:
    async with teaching() as teacher, aiohttp.ClientSession() as http:
        with started(
            teacher.url, tmp_path, store=unreachable_store(tmp_path)
        ) as process:
            for _ in range(3):
                await ask(http, process)
            found = await wait_for_evidence(
                http, process, lambda e: bool(e.capture.trouble)
            )
    counts = found.requests
    assert "store: cannot write s3://traces/router" in (found.capture.trouble or "")
    assert (counts.teacher, counts.failed) == (3, 0)
    assert (counts.traces_logged, counts.traces_pending, counts.traces_dropped) == (
        3,
        3,
        0,
    )


@pytest.mark.slow
async def test_a_store_receives_all_traces_after_an_outage(tmp_path: Path) -> None:
    store, away = tmp_path / "store", tmp_path / "away"
    store.mkdir()
    quick = {"TRACER_SEGMENT_SECONDS": "0.1"}
    async with teaching() as teacher, aiohttp.ClientSession() as http:
        with started(teacher.url, tmp_path, **quick) as process:
            await ask(http, process)
            await wait_for_evidence(
                http, process, lambda e: e.requests.traces_written == 1
            )
            store.rename(away)
            store.write_text("no folder any more")
            await ask(http, process)
            await wait_for_evidence(http, process, lambda e: bool(e.capture.trouble))
            await ask(http, process)
            store.unlink()
            away.rename(store)
            found = await wait_for_evidence(
                http, process, lambda e: e.requests.traces_written == 3
            )
            assert (found.requests.traces_dropped, stored(tmp_path)) == (0, 3)
            await wait_for_evidence(http, process, lambda e: e.capture.trouble is None)


async def test_traces_are_dropped_and_counted_if_the_disk_is_full_from_the_start(
    tmp_path: Path,
) -> None:
    async with teaching() as teacher, aiohttp.ClientSession() as http:
        with started(teacher.url, tmp_path, prefix=FULL_DISK) as process:
            for _ in range(3):
                await ask(http, process)
            found = await wait_for_evidence(
                http, process, lambda e: e.requests.traces_dropped == 3
            )
    assert (found.requests.teacher, found.requests.failed) == (3, 0)
    assert (found.requests.traces_logged, found.requests.traces_pending) == (0, 0)
    assert "local disk: " in (found.capture.trouble or "")
    assert "traces are dropped" in (found.capture.trouble or "")


async def test_only_counted_traces_are_lost_while_the_disk_is_full(
    tmp_path: Path,
) -> None:
    async with teaching() as teacher, aiohttp.ClientSession() as http:
        with started(teacher.url, tmp_path) as process:
            await ask(http, process, "before")
            await wait_for_evidence(
                http, process, lambda e: e.requests.traces_logged == 1
            )
            # Space for a part of the next record, which must be truncated.
            (segment,) = (tmp_path / "spool").glob("*.open")
            almost = (segment.stat().st_size + 10, resource.RLIM_INFINITY)
            pid = process.running.pid
            resource.prlimit(pid, resource.RLIMIT_FSIZE, almost)
            await ask(http, process, "lost")
            await wait_for_evidence(
                http, process, lambda e: e.requests.traces_dropped == 1
            )
            resource.prlimit(pid, resource.RLIMIT_FSIZE, EVERYTHING)
            await ask(http, process, "after")
            await wait_for_evidence(
                http, process, lambda e: e.requests.traces_logged == 2
            )
            await wait_for_evidence(http, process, lambda e: e.capture.trouble is None)
            content = segment.read_bytes()
    assert [b"before" in line for line in content.splitlines()] == [True, False]
    assert content.endswith(b"\n")
    assert b"lost" not in content


@pytest.mark.slow
async def test_clients_are_served_while_the_internal_port_is_in_use(
    tmp_path: Path,
) -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    port = str(taken.getsockname()[1])
    async with teaching() as teacher, aiohttp.ClientSession() as http:
        with started(teacher.url, tmp_path, TRACER_INTERNAL_PORT=port) as process:
            await ask(http, process)
            taken.close()
            while (counts := await _counts(http, process)) is None:
                pass
    assert (counts.requests.teacher, counts.requests.failed) == (1, 0)


async def _counts(http: aiohttp.ClientSession, process: Process) -> Evidence | None:
    try:
        return await evidence(http, process)
    except aiohttp.ClientConnectionError:
        return None


async def test_the_teacher_answers_if_store_disk_and_bundle_fail_from_the_start(
    tmp_path: Path,
) -> None:
    revision = RevisionConfig(
        number=1,
        bundle="sha256:" + "0" * 64,
        bento="sha256:" + "1" * 64,
        bento_key="bundles/none.bento",
    )
    broken: dict[str, Any] = {
        "store": unreachable_store(tmp_path),
        "revision": revision,
    }
    async with teaching() as teacher, aiohttp.ClientSession() as http:
        with started(teacher.url, tmp_path, prefix=FULL_DISK, **broken) as process:
            await ask(http, process)
            found = await wait_for_evidence(
                http, process, lambda e: e.requests.traces_dropped == 1
            )
    assert (found.requests.teacher, found.requests.failed) == (1, 0)
    assert found.surrogate.loaded is None


async def test_a_corrupt_bundle_is_rejected_with_a_reason_and_the_teacher_answers(
    tmp_path: Path,
) -> None:
    store = open_store(StoreConfig(url=f"file://{tmp_path / 'store'}"))
    store.write("bundles/one.bento", b"torn")
    corrupt = RevisionConfig(
        number=1,
        bundle="sha256:" + "0" * 64,
        bento=sha256_digest(b"torn"),
        bento_key="bundles/one.bento",
    )
    async with teaching() as teacher, aiohttp.ClientSession() as http:
        with started(teacher.url, tmp_path, revision=corrupt) as process:
            await ask(http, process)
            found = await wait_for_evidence(
                http,
                process,
                lambda e: "not be tried again" in (e.surrogate.reason or ""),
            )
    assert (found.surrogate.loaded, found.requests.teacher) == (None, 1)


async def test_a_store_that_never_responds_delays_neither_requests_nor_shutdown(
    tmp_path: Path,
) -> None:
    hanging = socket.create_server(("127.0.0.1", 0))
    port = hanging.getsockname()[1]
    settings: dict[str, Any] = {
        "store": unreachable_store(tmp_path, f"http://127.0.0.1:{port}"),
        "TRACER_SEGMENT_SECONDS": "0.1",
        "TRACER_UPLOAD_SECONDS": "0.1",
        runtime.FINAL_SCRAPE_TIMEOUT_SECONDS: "0",
    }
    async with teaching() as teacher, aiohttp.ClientSession() as http:
        with started(teacher.url, tmp_path, **settings) as process:
            for _ in range(3):
                await ask(http, process)
            await wait_for_evidence(
                http, process, lambda e: e.requests.traces_logged == 3
            )
            process.running.terminate()
            while await _counts(http, process):
                pass  # the internal port closes: shutdown does not wait for the store
            hanging.close()
            process.running.wait()
    kept = [path.read_text() for path in (tmp_path / "spool").glob("*.jsonl")]
    assert sum(text.count("\n") for text in kept) == 3
