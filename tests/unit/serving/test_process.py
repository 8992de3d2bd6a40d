"""The entry point of the runtime image, as a process with signals and memory."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import zstandard

from support.serving_plane import until
from support.serving_teacher import teaching
from tracer_router.contracts import runtime
from tracer_router.contracts.evidence import Evidence

ASKED = {"model": "gpt-test", "messages": [{"role": "user", "content": "Refund"}]}
MEBIBYTE = 1024 * 1024


@dataclass
class Process:
    running: subprocess.Popen[bytes]
    traffic: str
    internal: str

    def memory(self) -> int:
        status = Path(f"/proc/{self.running.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


@contextmanager
def started(teacher: str, folder: Path, **changes: str) -> Iterator[Process]:
    environment = {
        **os.environ,
        runtime.TEACHER_URL: teacher,
        runtime.STORE_URL: f"file://{folder / 'store'}",
        runtime.SPOOL: str(folder / "spool"),
        "TRACER_HOST": "127.0.0.1",
        "TRACER_TRAFFIC_PORT": "0",
        "TRACER_INTERNAL_PORT": "0",
        "TRACER_LINGER_SECONDS": "0",
        **changes,
    }
    command = [sys.executable, "-m", "tracer_bentos.serving"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    try:
        assert process.stderr
        for line in process.stderr:
            found = re.search(rb"traffic on port (\d+), internal on (\d+)", line)
            if found:
                ports = [f"http://127.0.0.1:{port.decode()}" for port in found.groups()]
                yield Process(process, *ports)
                break
    finally:
        process.kill()
        process.communicate()


def stored(folder: Path) -> int:
    return sum(
        len(zstandard.decompress(path.read_bytes()).splitlines())
        for path in folder.glob("store/traces/*/*.zst")
    )


async def ask(http: aiohttp.ClientSession, process: Process) -> None:
    address = f"{process.traffic}/v1/chat/completions"
    async with http.post(address, json=ASKED) as response:
        assert response.status == 200


async def evidence(http: aiohttp.ClientSession, process: Process) -> Evidence:
    async with http.get(f"{process.internal}/evidence") as response:
        return Evidence.from_json(await response.read())


async def test_a_terminated_process_stores_its_traces_and_hands_over_its_counts(
    tmp_path: Path,
) -> None:
    async with teaching() as teacher, aiohttp.ClientSession() as http:
        with started(teacher.url, tmp_path) as process:
            await ask(http, process)
            memory = process.memory()
            process.running.send_signal(signal.SIGTERM)
            await until(lambda: stored(tmp_path) == 1)
            last = await evidence(http, process)
            while last.requests.traces_written == 0:
                last = await evidence(http, process)
            await until(lambda: process.running.poll() is not None)
            code = process.running.returncode
    assert (code, last.tasks[0].uniform_labelled) == (0, 1)
    assert memory < 200 * MEBIBYTE


async def test_a_killed_process_loses_nothing_that_is_on_its_disk(
    tmp_path: Path,
) -> None:
    async with teaching() as teacher, aiohttp.ClientSession() as http:
        with started(teacher.url, tmp_path, TRACER_SEGMENT_SECONDS="3600") as process:
            await ask(http, process)
            await until(lambda: _spooled(tmp_path) > 0)
            process.running.kill()
        assert stored(tmp_path) == 0
        with started(teacher.url, tmp_path) as process:
            await until(lambda: stored(tmp_path) == 1)
            counted = (await evidence(http, process)).requests
    assert (counted.requests, counted.traces_dropped) == (0, 0)


def test_a_misconfigured_process_says_what_to_write(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tracer_bentos.serving"]
    environment = {**os.environ, runtime.TEACHER_URL: "teacher"}
    ended = subprocess.run(
        command, env=environment, capture_output=True, cwd=tmp_path, check=False
    )
    assert ended.returncode == 2
    assert b"say the teacher's base URL" in ended.stderr


def _spooled(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("spool/*.open"))
