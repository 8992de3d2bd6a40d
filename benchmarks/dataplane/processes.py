"""The processes of a benchmark: pinned to cores, with CPU time and memory."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVED_ON = 0
"""The core of the server under test."""
REST_ON = max(os.cpu_count() or 1, 2) - 1
"""The core of teacher and load; the same core on a machine with one core."""
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    """A running server."""

    pid: int
    """The process; its children are included in the measurements."""
    url: str
    """The port of the server."""

    def cpu_seconds(self) -> float:
        """Return the CPU time of the process and its children."""
        return sum(_ticks(pid) for pid in _tree(self.pid)) / _TICK

    def memory_mib(self) -> float:
        """Return the resident memory of the process and its children."""
        return sum(_resident(pid) for pid in _tree(self.pid)) / 1024

    def descriptors(self) -> int:
        """Return the number of open files and connections."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


@contextmanager
def running(
    command: Sequence[str], port: int, core: int = SERVED_ON, log: Path | None = None
) -> Iterator[Process]:
    """Start a server on one core, wait until it listens, and stop it at the end."""
    target = log.open("wb") if log else subprocess.DEVNULL
    started = subprocess.Popen(  # noqa: S603 - processes of this benchmark
        pinned(core, command), cwd=ROOT, stdout=target, stderr=target
    )
    try:
        _wait(port, started, log)
        yield Process(started.pid, f"http://127.0.0.1:{port}")
    finally:
        started.terminate()
        try:
            started.wait(timeout=20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """Return the command that runs on one core only."""
    return ["taskset", "-c", str(core % (os.cpu_count() or 1)), *command]


def module(name: str, *arguments: object) -> list[str]:
    """Return the command that runs a module of this repository."""
    return [sys.executable, "-m", name, *map(str, arguments)]


def free_port() -> int:
    """Return an unused port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _wait(
    port: int,
    process: "subprocess.Popen[bytes]",
    log: Path | None,
    seconds: float = 120,
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = log.read_text(errors="replace")[-2000:] if log else ""
            raise SystemExit(f"{process.args!r} ended: {process.returncode}\n{said}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{process.args!r} does not listen on port {port}")


def _tree(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += _tree(int(child))
    return found


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
