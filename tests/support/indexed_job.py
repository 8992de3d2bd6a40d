"""The pods of an attempt on many pods, as processes: this module plays Kubernetes."""

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
_PATIENCE = 120.0
"""Seconds; a busy machine takes long to start Python three times."""


@dataclass(slots=True)
class IndexedJob:
    """One process an index; a process that ended is replaced when the test says so."""

    folder: Path
    """Holds the store, the request and what the pods said."""
    address: str
    """Where the scheduler is found."""
    pods: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    """By index, the newest of each."""

    def start(self, *indexes: int) -> None:
        """Start the pods of some indexes, or others in the place of ended ones."""
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
            "TERMINATION_LOG": str(self.folder / f"said-{index}"),
        }
        with (self.folder / f"log-{index}").open("ab") as log:
            self.pods[index] = subprocess.Popen(
                _ENTRY, env={**os.environ, **values}, stdout=log, stderr=log
            )

    def kill(self, index: int) -> None:
        """End a pod as an out-of-memory kill would."""
        self.pods[index].kill()
        self.pods[index].wait()

    def wait(self, index: int, seconds: float = _PATIENCE) -> int:
        """Wait for a pod to end and give its exit code."""
        try:
            return self.pods[index].wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"index {index} goes on:\n{self.log(index)}") from None

    def log(self, index: int) -> str:
        """Give what every pod of an index has logged."""
        return (self.folder / f"log-{index}").read_text()

    def summary(self) -> TrainingSummary:
        """Give the termination message of index 0."""
        return TrainingSummary.from_json((self.folder / "said-0").read_bytes())

    def send(self, number: signal.Signals, *indexes: int) -> None:
        """Send a signal to the pods of some indexes."""
        for index in indexes:
            self.pods[index].send_signal(number)

    def until_looking(self, *indexes: int) -> None:
        """Wait until workers have nothing left to do but to look for the scheduler."""
        for index in indexes:
            _until(lambda at=index: "Waiting to connect" in self.log(at))

    def start_and_halt(self, index: int) -> None:
        """Start the first worker and halt it at work, so that the attempt stands."""
        with self._client() as client:
            self.start(index)
            # Without a worker the driver waits, so this look is never too late.
            _until(lambda: any(client.processing().values()))
            self.send(signal.SIGSTOP, index)
            _until(lambda: any(client.processing().values()))

    def until_workers(self, count: int) -> None:
        """Wait until the scheduler knows so many workers."""
        with self._client() as client:
            _until(lambda: len(client.nthreads()) == count)

    def _client(self) -> Client:
        return Client(self.address, timeout=_PATIENCE, set_as_default=False)


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not reached():
        assert time.monotonic() < deadline, f"not within {_PATIENCE} s"
        time.sleep(0.005)


@contextmanager
def open_job(folder: Path, request: AttemptRequest) -> Iterator[IndexedJob]:
    """Give a Job without pods, all of them gone afterwards."""
    (folder / "request.json").write_bytes(request.to_json())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        job = IndexedJob(folder, f"tcp://127.0.0.1:{free.getsockname()[1]}")
    try:
        yield job
    finally:
        for each in job.pods.values():
            each.kill()
            each.wait()
