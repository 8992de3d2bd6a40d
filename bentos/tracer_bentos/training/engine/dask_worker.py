"""The other indexes: a worker for every driver that comes up, until one lets it go."""

import asyncio
import logging
import threading

from distributed import Worker

__all__ = ["NO_WORKER", "shutdown", "work"]

_log = logging.getLogger("tracer_bentos.training")
_LOOK_SECONDS, _PAUSE_SECONDS = 30, 1.0
NO_WORKER = "127.0.0.1:0"
"""Where Dask's web pages are put: nobody needs them."""
_shutdown_requested = threading.Event()


def shutdown() -> None:
    """Let the worker of this process go; the driver runs this on each of them."""
    _shutdown_requested.set()


def work(address: str, host: str | None) -> int:
    """Take pieces from every scheduler at an address and give the exit code.

    A scheduler that went away has lost its pod: the next one comes up at the same
    address, and nothing that was computed is needed again. How long that may take is
    the Job's to say: its deadline ends this process.

    Args:
        address: Where the scheduler listens, as `tcp://HOST:PORT`.
        host: Address to listen on; that of the pod when none is named.
    """
    while not _shutdown_requested.is_set():
        asyncio.run(_serve(address, host))
    return 0


async def _serve(address: str, host: str | None) -> None:
    """Work until the scheduler goes, or give up looking for it after a while."""
    try:
        # No limit of Dask's own on memory, which would pause a worker and not end it:
        # the pod's limit ends it, and Kubernetes and Dask replace what was lost.
        worker = Worker(
            address,
            nthreads=1,
            host=host,
            memory_limit=0,
            dashboard_address=NO_WORKER,
            death_timeout=_LOOK_SECONDS,
        )
        async with worker:
            await worker.finished()
    except (OSError, TimeoutError, RuntimeError) as error:
        _log.info("no scheduler at %s yet: %r", address, error.__cause__ or error)
        await asyncio.sleep(_PAUSE_SECONDS)
