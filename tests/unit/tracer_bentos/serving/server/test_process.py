"""The entry point of the runtime image as a process: signals and memory."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp

from support.serving_plane import until
from support.serving_process import ask, evidence, started, stored
from support.serving_teacher import teaching
from tracer_core.contracts import runtime

MEBIBYTE = 1024 * 1024


async def test_a_terminated_process_uploads_its_traces_and_reports_its_final_counts(
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


async def test_a_killed_process_loses_no_trace_on_its_disk(
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


def test_a_misconfigured_process_reports_how_to_fix_the_configuration(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "tracer_bentos.serving"]
    environment = {**os.environ, runtime.CONFIG: '{"teacher":{"url":"teacher"}}'}
    ended = subprocess.run(
        command, env=environment, capture_output=True, cwd=tmp_path, check=False
    )
    assert ended.returncode == 2
    assert b"teacher.url: must be the base URL of the teacher" in ended.stderr


def _spooled(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("spool/*.open"))
