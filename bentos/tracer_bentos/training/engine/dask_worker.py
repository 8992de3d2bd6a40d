"""The other indexes: a worker for each driver, until a driver shuts it down."""

import asyncio
import logging
import threading

from distributed import Worker

__all__ = ["NO_WORKER", "shutdown", "work"]

_log = logging.getLogger("tracer_bentos.training")
_SEARCH_SECONDS, _RETRY_SECONDS = 30, 1.0
NO_WORKER = "127.0.0.1:0"
"""Address of the web pages of Dask, which are not used: a random local port."""
_shutdown_requested = threading.Event()


def shutdown() -> None:
    """Shut down the worker of this process; the driver runs this on each worker."""
    _shutdown_requested.set()


def work(address: str, host: str | None) -> int:
    """Run pieces of each scheduler at an address, and return the exit code.

    If a scheduler disconnects, its pod is lost. The next scheduler starts at the same
    address, and no earlier result is needed. The deadline of the Job limits the wait:
    it ends this process.

    Args:
        address: Address of the scheduler, as `tcp://HOST:PORT`.
        host: Address to listen on; by default that of the pod.
    """
    while not _shutdown_requested.is_set():
        asyncio.run(_serve(address, host))
    return 0


async def _serve(address: str, host: str | None) -> None:
    """Work until the scheduler disconnects or is not found within a time limit."""
    try:
        # A memory limit of Dask would pause a worker. The limit of the pod ends it
        # instead, and Kubernetes and Dask replace what was lost.
        worker = Worker(
            address,
            nthreads=1,
            host=host,
            memory_limit=0,
            dashboard_address=NO_WORKER,
            death_timeout=_SEARCH_SECONDS,
        )
        async with worker:
            await worker.finished()
    except (OSError, TimeoutError, RuntimeError) as error:
        _log.info("no scheduler at %s yet: %r", address, error.__cause__ or error)
        await asyncio.sleep(_RETRY_SECONDS)
