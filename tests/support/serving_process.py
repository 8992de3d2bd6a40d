"""The entry point of the runtime image as a process, for failure tests."""

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
from tracer_core.contracts.runtime_config import (
    RevisionConfig,
    RuntimeConfig,
    StoreConfig,
    TeacherConfig,
    TracesConfig,
)

__all__ = ["Process", "ask", "evidence", "shipped", "started", "stored"]


@dataclass
class Process:
    """A running data plane and its URLs."""

    running: subprocess.Popen[bytes]
    traffic: str
    internal: str

    def memory(self) -> int:
        """Return the resident memory in bytes."""
        status = Path(f"/proc/{self.running.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


@contextmanager
def started(
    teacher: str,
    folder: Path,
    *,
    prefix: Sequence[str] = (),
    store: StoreConfig | None = None,
    revision: RevisionConfig | None = None,
    **changes: str,
) -> Iterator[Process]:
    """Run a process that accepts requests; kill it at the end of the block."""
    store = store or StoreConfig(url=f"file://{folder / 'store'}")
    config = RuntimeConfig(
        teacher=TeacherConfig(url=teacher),
        traces=TracesConfig(store=store),
        revision=revision or RevisionConfig(),
    )
    environment = {
        **os.environ,
        runtime.CONFIG: config.to_json().decode(),
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
    """Return the number of records in the store."""
    return sum(
        len(zstandard.decompress(path.read_bytes()).splitlines())
        for path in folder.glob("store/traces/*/*.zst")
    )


async def shipped(folder: Path) -> None:
    """Return when no segment is on the local disk."""
    spool = folder / "spool"
    await until(lambda: not [*spool.glob("*.open"), *spool.glob("*.jsonl")])


async def ask(
    http: aiohttp.ClientSession, process: Process, text: str = "Refund"
) -> None:
    """Send one question; it must be answered."""
    address = f"{process.traffic}/v1/chat/completions"
    request = {"model": "gpt-test", "messages": [{"role": "user", "content": text}]}
    async with http.post(address, json=request) as response:
        assert response.status == 200


async def evidence(http: aiohttp.ClientSession, process: Process) -> Evidence:
    """Return the evidence of the process."""
    async with http.get(f"{process.internal}/evidence") as response:
        return Evidence.from_json(await response.read())
