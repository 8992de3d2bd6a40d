"""A Dask scheduler, and workers in separate processes that tests can kill."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from distributed import Client, LocalCluster

__all__ = ["DaskCluster", "open_dask_cluster"]

_WITH_TESTS = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
"""Environment in which workers can import the pieces that tests define."""


@dataclass(slots=True)
class DaskCluster:
    """A scheduler with its workers."""

    address: str
    """Address of the scheduler."""
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    """The worker processes."""

    def start_workers(self, count: int) -> None:
        """Start workers with one thread, and wait until they are connected."""
        call = [sys.executable, "-m", "distributed.cli.dask_worker", self.address]
        flags = ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
        self.workers += [
            subprocess.Popen(
                [*call, *flags], stderr=subprocess.DEVNULL, env=_WITH_TESTS
            )
            for _ in range(count)
        ]
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(len(self.workers), timeout=60)

    def kill(self, number: int) -> None:
        """End a worker as an out-of-memory kill would."""
        self.workers[number].kill()
        self.workers[number].wait()


@contextmanager
def open_dask_cluster(workers: int) -> Iterator[DaskCluster]:
    """Start a scheduler with some workers, and stop all of them afterward."""
    scheduler = LocalCluster(n_workers=0, dashboard_address=":0", host="127.0.0.1")
    with scheduler:
        cluster = DaskCluster(scheduler.scheduler_address)
        try:
            if workers:
                cluster.start_workers(workers)
            yield cluster
        finally:
            for worker in cluster.workers:
                worker.kill()
                worker.wait()
