"""Repeated kill -9 under load: no logged trace is lost."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import zstandard

from support.serving_process import Process, ask, evidence, shipped, started
from support.serving_teacher import teaching

pytestmark = pytest.mark.slow

CLIENTS = 8
SMALL_SEGMENTS = {
    "TRACER_SEGMENT_RECORDS": "25",
    "TRACER_SEGMENT_SECONDS": "0.2",
    "TRACER_INFLIGHT_SECONDS": "1",
}
"""With these, kills interrupt sealing, shipping, and recovery too."""


async def load(http: aiohttp.ClientSession, process: Process, boot: int) -> None:
    """Send requests until the process ends."""
    async with asyncio.TaskGroup() as clients:
        for client in range(CLIENTS):
            clients.create_task(_ask_on(http, process, f"boot{boot} client{client}"))


async def _ask_on(http: aiohttp.ClientSession, process: Process, name: str) -> None:
    number = 0
    try:
        while True:
            await ask(http, process, f"{name} question{number}")
            number += 1
    except (aiohttp.ClientError, OSError):
        return  # the process was killed


async def logged_until(
    http: aiohttp.ClientSession, process: Process, enough: int
) -> int:
    """Return the number of logged records when it is large enough."""
    while True:
        logged = (await evidence(http, process)).requests.traces_logged
        if logged >= enough:
            return logged


def records(folder: Path) -> Iterator[dict[str, Any]]:
    for path in folder.glob("store/traces/*/*.zst"):
        content = zstandard.decompress(path.read_bytes())
        assert content.endswith(b"\n")
        for line in content.splitlines():
            yield json.loads(line)


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.statistical)])
async def test_no_logged_trace_is_lost_truncated_or_stored_twice(
    tmp_path: Path, kills: int
) -> None:
    chance, logged = random.Random(kills), {}  # noqa: S311 - repeatable, not secret
    async with teaching() as teacher, aiohttp.ClientSession() as http:
        for boot in range(kills):
            with started(teacher.url, tmp_path, **SMALL_SEGMENTS) as process:
                loading = asyncio.create_task(load(http, process, boot))
                enough = chance.randrange(1, 300)
                logged[boot] = await logged_until(http, process, enough)
                process.running.kill()
                await loading
        with started(teacher.url, tmp_path, **SMALL_SEGMENTS):
            await shipped(tmp_path)
    found = list(records(tmp_path))
    by_boot = Counter(int(record["input"].split()[0][4:]) for record in found)
    assert {
        boot: by_boot[boot] - logged[boot]
        for boot in logged
        if by_boot[boot] < logged[boot]
    } == {}
    assert len({record["id"] for record in found}) == len(found)
    assert all(record["teacher"].startswith("boot") for record in found)
