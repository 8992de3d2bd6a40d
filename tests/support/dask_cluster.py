"""A Dask scheduler and workers as processes of their own, which may be killed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from distributed import Client, LocalCluster

__all__ = ["Desk", "open_desk"]

_WITH_TESTS = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
"""Workers must find the pieces that tests make up."""


@dataclass(slots=True)
class Desk:
    """A scheduler with its workers."""

    address: str
    """Where the scheduler listens."""
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    """Its workers."""

    def hire(self, count: int) -> None:
        """Start workers of one thread each, and wait until they have reported."""
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
def open_desk(workers: int) -> Iterator[Desk]:
    """Give a scheduler with so many workers, all of it gone afterwards."""
    cluster = LocalCluster(n_workers=0, dashboard_address=":0", host="127.0.0.1")
    with cluster:
        desk = Desk(cluster.scheduler_address)
        try:
            if workers:
                desk.hire(workers)
            yield desk
        finally:
            for each in desk.workers:
                each.kill()
                each.wait()
