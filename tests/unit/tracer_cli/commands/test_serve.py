"""The data plane without a cluster: `tracer-router serve` and `bentoml serve`."""

import asyncio
import dataclasses
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import zstandard

from support.configuration import configured
from support.serving_plane import until
from support.serving_teacher import teaching
from support.ticket_traces import ticket_rows
from tracer_bentos.bundle.bento import build_bento
from tracer_bentos.bundle.bundle import write_bundle
from tracer_bentos.protocols.openai_chat.adapter import OpenAIChat
from tracer_bentos.serving.server.settings import read_settings
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.rows import select_rows
from tracer_bentos.training.fit.golden import golden_samples
from tracer_bentos.training.fit.training_context import local_training_context
from tracer_bentos.training.run.pipeline import train
from tracer_core.contracts import runtime
from tracer_core.contracts.runtime import HttpVersion
from tracer_core.contracts.runtime_config import TeacherConfig
from tracer_core.errors import SpecError

COMMAND = [sys.executable, "-m", "tracer_cli", "serve"]
TICKET = "hello parcel is late today"


def chat_request(text: str) -> dict[str, Any]:
    return {"model": "gpt-test", "messages": [{"role": "user", "content": text}]}


@contextmanager
def serving(
    teacher: str, *arguments: str
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    command = [*COMMAND, *arguments, "--teacher", teacher, "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        assert process.stderr
        for line in process.stderr:
            if found := re.search(rb"traffic on port (\d+)", line):
                yield process, f"http://127.0.0.1:{found[1].decode()}"
                break
        else:
            pytest.fail("the process ended before it listened")
    finally:
        process.kill()
        process.communicate()


async def ask(http: aiohttp.ClientSession, url: str, text: str) -> tuple[str, str]:
    """Return the answer and its source."""
    address, key = f"{url}/v1/chat/completions", {"authorization": "Bearer sk-client"}
    async with http.post(address, json=chat_request(text), headers=key) as response:
        assert response.status == 200, await response.text()
        document = await response.json()
        by = response.headers.get("x-tracer-decision", "teacher")
    return document["choices"][0]["message"]["content"], by


def only_trace(store: Path) -> dict[str, Any]:
    (segment,) = store.glob("traces/*/*.zst")
    return dict(json.loads(zstandard.decompress(segment.read_bytes())))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    read = OpenAIChat().parse_request(json.dumps(chat_request("anything")).encode())
    assert read
    task = TaskRegistry().identify(read).task
    rows = [dataclasses.replace(row, task=task) for row in ticket_rows(600)]
    terms = AttemptParameters(
        attempt=1, target=0.9, confidence=0.95, level=0.025, minimum=1, seed=1
    )
    result = train(terms, select_rows(rows), local_training_context())
    assert result.surrogate
    assert result.certificate
    folder = tmp_path_factory.mktemp("bundle")
    samples = golden_samples(result.surrogate)
    manifest = write_bundle(folder, result.surrogate, result.certificate, samples)
    return folder, manifest.digest


async def test_without_a_bundle_it_passes_through_and_captures(tmp_path: Path) -> None:
    async with teaching() as teacher, aiohttp.ClientSession() as http:
        with serving(teacher.url, "--store", str(tmp_path)) as (process, url):
            assert await ask(http, url, TICKET) == ("hello", "teacher")
            process.send_signal(signal.SIGINT)
            await until(lambda: process.poll() is not None)
    trace = only_trace(tmp_path)
    assert (process.returncode, trace["input"], trace["teacher"]) == (
        0,
        TICKET,
        "hello",
    )


async def test_clients_of_http_1_reach_a_teacher_with_only_http_2() -> None:
    async with (
        teaching(http=HttpVersion.HTTP2) as teacher,
        aiohttp.ClientSession() as http,
    ):
        with serving(teacher.url, "--http-version", "HTTP2") as (_, url):
            assert await ask(http, url, TICKET) == ("hello", "teacher")


def test_an_unknown_http_version_is_an_error_with_the_allowed_ones() -> None:
    text = '{"teacher":{"url":"http://x/v1","httpVersion":"3"}}'
    expected = "TRACER_CONFIG: teacher.httpVersion: must be HTTP1 or HTTP2"
    with pytest.raises(SpecError, match=expected):
        read_settings({runtime.CONFIG: text})


async def test_with_a_bundle_it_answers_clients_that_the_teacher_has_accepted(
    bundle: tuple[Path, str],
) -> None:
    async with teaching() as teacher, aiohttp.ClientSession() as http:
        with serving(teacher.url, str(bundle[0])) as (_, url):
            first = await ask(http, url, TICKET)
            second = await ask(http, url, TICKET)
            unlike = await ask(http, url, "Zzyzx qqq?")
    assert first == ("hello", "teacher")
    assert second == ("delivery", "surrogate")
    assert unlike == ("zzyzx", "teacher")


@pytest.mark.slow
async def test_bentoml_serves_an_exported_bento_in_the_same_way(
    bundle: tuple[Path, str], tmp_path: Path
) -> None:
    archive = build_bento(*bundle, tmp_path)
    async with teaching() as teacher, aiohttp.ClientSession() as http:
        with bento_served(archive, teacher.url, tmp_path / "home") as url:
            first = await once_up(http, url)
            second = await ask(http, url, TICKET)
            async with http.get(f"{url}/metrics") as response:
                passed = await response.read()
    assert first == ("hello", "teacher")
    assert second == ("delivery", "surrogate")
    assert (response.status, passed) == (207, b"\x00\xff")


def test_a_port_in_use_is_an_error_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        call = [*COMMAND, "--teacher", "http://127.0.0.1:9/v1", "--port", port]
        ended = subprocess.run(call, capture_output=True, check=False)
    assert ended.returncode == 1
    assert f"cannot listen on port {port} of 127.0.0.1".encode() in ended.stderr


def test_an_invalid_teacher_url_is_one_line_without_a_traceback() -> None:
    call = [*COMMAND, "--teacher", "teacher", "--port", "0"]
    ended = subprocess.run(call, capture_output=True, check=False)
    assert ended.returncode == 1
    assert b"--teacher: url: must be the base URL of the teacher" in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_a_folder_without_a_bundle_is_an_error(tmp_path: Path) -> None:
    call = [
        *COMMAND,
        str(tmp_path),
        "--teacher",
        "http://127.0.0.1:9/v1",
        "--port",
        "0",
    ]
    ended = subprocess.run(call, capture_output=True, check=False)
    assert ended.returncode == 1
    assert b"no bundle in" in ended.stderr


@contextmanager
def bento_served(archive: Path, teacher: str, home: Path) -> Iterator[str]:
    home.mkdir()
    environment = {
        **os.environ,
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "true",
        **configured(teacher=TeacherConfig(url=teacher)),
        runtime.INTERNAL_PORT: "0",
        runtime.HOST: "127.0.0.1",
    }
    bentoml = [sys.executable, "-m", "bentoml"]
    subprocess.run([*bentoml, "import", str(archive)], env=environment, check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    serve = [*bentoml, "serve", "tracer-surrogate:latest", "--port", port]
    process = subprocess.Popen([*serve, "--host", "127.0.0.1"], env=environment)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        # Its workers are leaders of their own process groups: only it can end them.
        process.terminate()
        process.wait()


async def once_up(http: aiohttp.ClientSession, url: str) -> tuple[str, str]:
    async with asyncio.timeout(60):
        while True:
            try:
                return await ask(http, url, TICKET)
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.1)
