"""Index 0 of an attempt on many pods: the scheduler, and the attempt that it drives."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from distributed import Client, LocalCluster

from tracer_bentos.training.engine.dask_engine import DaskEngine
from tracer_bentos.training.engine.dask_worker import NO_WORKER, shutdown
from tracer_bentos.training.engine.engine import ComputeEngine

__all__ = ["SchedulerEndpoint", "drive"]

_WORKER_TIMEOUT_SECONDS = 600.0
"""How long there may be no worker: a pod may have to wait for a node and its image."""
_SHUTDOWN_SECONDS = 60.0
"""How long a finished driver stays for workers that have not come yet."""
_EVERY_INTERFACE = "0.0.0.0"  # noqa: S104 - the Job's NetworkPolicy says who may come


@dataclass(frozen=True, slots=True)
class SchedulerEndpoint:
    """Where the scheduler of an attempt stands."""

    address: str
    """Where workers look for it, as `tcp://HOST:PORT`."""
    workers: int
    """How many of them there are to be."""
    host: str | None = None
    """Address to listen on; every interface when none is named."""


def drive(post: SchedulerEndpoint, answer: Callable[[ComputeEngine], int]) -> int:
    """Give the exit code of an attempt whose pieces go to the workers that come.

    They are let go only once it has ended well. After any other end they wait for the
    next driver at the same address.

    Args:
        post: Where the scheduler stands.
        answer: Runs the attempt on an engine and gives its exit code.
    """
    scheduler = LocalCluster(
        n_workers=0,
        host=post.host or _EVERY_INTERFACE,
        scheduler_port=urlsplit(post.address).port or 0,
        dashboard_address=NO_WORKER,
        silence_logs=False,
    )
    with scheduler, Client(scheduler, set_as_default=False) as client:
        ended = answer(DaskEngine(client, _WORKER_TIMEOUT_SECONDS))
        if ended == 0:
            _shutdown_workers(client, post.workers)
    return ended


def _shutdown_workers(client: Client, workers: int) -> None:
    """Let the workers go, those as well that only now come."""
    with contextlib.suppress(TimeoutError):
        client.wait_for_workers(workers, timeout=_SHUTDOWN_SECONDS)
    client.run(shutdown, on_error="ignore")
    # Each by itself: a scheduler that only hangs up leaves tracebacks in their logs.
    client.retire_workers(close_workers=True)
