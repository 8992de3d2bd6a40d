"""Index 0 of an attempt on several pods: the Dask scheduler and the attempt itself."""

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
"""Longest time without a worker: a pod can have to wait for a node and its image."""
_SHUTDOWN_SECONDS = 60.0
"""Longest time that a finished driver waits for workers that have not connected."""
_EVERY_INTERFACE = "0.0.0.0"  # noqa: S104 - the NetworkPolicy of the Job restricts access


@dataclass(frozen=True, slots=True)
class SchedulerEndpoint:
    """The address of the scheduler of an attempt."""

    address: str
    """Address to which workers connect, as `tcp://HOST:PORT`."""
    workers: int
    """Number of expected workers."""
    host: str | None = None
    """Address to listen on; by default all interfaces."""


def drive(endpoint: SchedulerEndpoint, run: Callable[[ComputeEngine], int]) -> int:
    """Run an attempt on the workers that connect, and return its exit code.

    Workers are shut down only after exit code 0. After another exit code, they wait for
    the next driver at the same address.

    Args:
        endpoint: The address of the scheduler.
        run: Runs the attempt on an engine and returns its exit code.
    """
    scheduler = LocalCluster(
        n_workers=0,
        host=endpoint.host or _EVERY_INTERFACE,
        scheduler_port=urlsplit(endpoint.address).port or 0,
        dashboard_address=NO_WORKER,
        silence_logs=False,
    )
    with scheduler, Client(scheduler, set_as_default=False) as client:
        exit_code = run(DaskEngine(client, _WORKER_TIMEOUT_SECONDS))
        if exit_code == 0:
            _shutdown_workers(client, endpoint.workers)
    return exit_code


def _shutdown_workers(client: Client, workers: int) -> None:
    """Shut down all workers, including those that connect only now."""
    with contextlib.suppress(TimeoutError):
        client.wait_for_workers(workers, timeout=_SHUTDOWN_SECONDS)
    client.run(shutdown, on_error="ignore")
    # Close each worker: a scheduler that only disconnects causes tracebacks in their
    # logs.
    client.retire_workers(close_workers=True)
