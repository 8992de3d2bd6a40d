"""The pods of an attempt on several pods, as processes without Kubernetes."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from distributed import Client

from support.configuration import configured, traces_in
from tracer_core.contracts import runtime
from tracer_core.contracts.runtime_config import TrainingConfig
from tracer_core.contracts.training import AttemptRequest, TrainingSummary

__all__ = ["IndexedJob", "open_job"]

_ENTRY = [sys.executable, "-m", "tracer_bentos.training.run.dask_main"]
_TIMEOUT = 120.0
"""Timeout in seconds: a busy machine needs long to start Python three times."""


@dataclass(slots=True)
class IndexedJob:
    """One process for each index; the test restarts processes that have ended."""

    folder: Path
    """Contains the store, the request, and the termination messages."""
    address: str
    """Address of the scheduler."""
    pods: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    """The newest process of each index."""

    def start(self, *indexes: int) -> None:
        """Start the pods of some indexes, also in place of ended pods."""
        for index in indexes:
            self._start(index)

    def _start(self, index: int) -> None:
        values = {
            **configured(
                traces=traces_in(f"file://{self.folder}/store"),
                training=TrainingConfig(scheduler=self.address, workers=2),
            ),
            runtime.ATTEMPT_FILE: str(self.folder / "request.json"),
            runtime.COMPLETION_INDEX: str(index),
            runtime.HOST: "127.0.0.1",
            "TERMINATION_LOG": str(self.folder / f"message-{index}"),
        }
        with (self.folder / f"log-{index}").open("ab") as log:
            self.pods[index] = subprocess.Popen(
                _ENTRY, env={**os.environ, **values}, stdout=log, stderr=log
            )

    def kill(self, index: int) -> None:
        """End a pod as an out-of-memory kill would."""
        self.pods[index].kill()
        self.pods[index].wait()

    def wait(self, index: int, seconds: float = _TIMEOUT) -> int:
        """Wait for a pod to end, and return its exit code."""
        try:
            return self.pods[index].wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"index {index} did not end:\n{self.log(index)}"
            ) from None

    def log(self, index: int) -> str:
        """Return the logs of all pods of an index."""
        return (self.folder / f"log-{index}").read_text()

    def summary(self) -> TrainingSummary:
        """Return the termination message of index 0."""
        return TrainingSummary.from_json((self.folder / "message-0").read_bytes())

    def send(self, number: signal.Signals, *indexes: int) -> None:
        """Send a signal to the pods of some indexes."""
        for index in indexes:
            self.pods[index].send_signal(number)

    def wait_for_search(self, *indexes: int) -> None:
        """Wait until workers only try to connect to the scheduler."""
        for index in indexes:
            _until(lambda at=index: "Waiting to connect" in self.log(at))

    def start_and_stop(self, index: int) -> None:
        """Start the first worker, and stop it during work: the attempt waits."""
        with self._client() as client:
            self.start(index)
            # Without a worker the driver waits, so this check is never too late.
            _until(lambda: any(client.processing().values()))
            self.send(signal.SIGSTOP, index)
            _until(lambda: any(client.processing().values()))

    def wait_for_workers(self, count: int) -> None:
        """Wait until a number of workers is connected to the scheduler."""
        with self._client() as client:
            _until(lambda: len(client.nthreads()) == count)

    def _client(self) -> Client:
        return Client(self.address, timeout=_TIMEOUT, set_as_default=False)


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _TIMEOUT
    while not reached():
        assert time.monotonic() < deadline, f"not within {_TIMEOUT} s"
        time.sleep(0.005)


@contextmanager
def open_job(folder: Path, request: AttemptRequest) -> Iterator[IndexedJob]:
    """Create a Job without pods, and end all its pods afterward."""
    (folder / "request.json").write_bytes(request.to_json())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        job = IndexedJob(folder, f"tcp://127.0.0.1:{free.getsockname()[1]}")
    try:
        yield job
    finally:
        for pod in job.pods.values():
            pod.kill()
            pod.wait()
