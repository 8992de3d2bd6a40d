"""The runtime image's entry point as a process, to be killed, starved and refused."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import zstandard

from support.serving_plane import until
from tracer_core.contracts import runtime
from tracer_core.contracts.evidence import Evidence

__all__ = ["Process", "ask", "evidence", "shipped", "started", "stored"]


@dataclass
class Process:
    """A running data plane and where it listens."""

    running: subprocess.Popen[bytes]
    traffic: str
    internal: str

    def memory(self) -> int:
        """Give its resident memory in bytes."""
        status = Path(f"/proc/{self.running.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


@contextmanager
def started(
    teacher: str,
    folder: Path,
    *,
    prefix: Sequence[str] = (),
    **changes: str,
) -> Iterator[Process]:
    """Give a process that takes requests; it is killed at the end of the block."""
    environment = {
        **os.environ,
        runtime.TEACHER_URL: teacher,
        runtime.STORE_URL: f"file://{folder / 'store'}",
        runtime.SPOOL: str(folder / "spool"),
        "TRACER_HOST": "127.0.0.1",
        "TRACER_TRAFFIC_PORT": "0",
        "TRACER_INTERNAL_PORT": "0",
        "TRACER_SHUTDOWN_DELAY_SECONDS": "0",
        **changes,
    }
    command = [*prefix, sys.executable, "-m", "tracer_bentos.serving"]
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
    """Count the records in the store."""
    return sum(
        len(zstandard.decompress(path.read_bytes()).splitlines())
        for path in folder.glob("store/traces/*/*.zst")
    )


async def shipped(folder: Path) -> None:
    """Return once no segment waits on local disk."""
    spool = folder / "spool"
    await until(lambda: not [*spool.glob("*.open"), *spool.glob("*.jsonl")])


async def ask(
    http: aiohttp.ClientSession, process: Process, text: str = "Refund"
) -> None:
    """Ask one question; it must be answered."""
    address = f"{process.traffic}/v1/chat/completions"
    asked = {"model": "gpt-test", "messages": [{"role": "user", "content": text}]}
    async with http.post(address, json=asked) as response:
        assert response.status == 200


async def evidence(http: aiohttp.ClientSession, process: Process) -> Evidence:
    """Read the report of the process."""
    async with http.get(f"{process.internal}/evidence") as response:
        return Evidence.from_json(await response.read())
