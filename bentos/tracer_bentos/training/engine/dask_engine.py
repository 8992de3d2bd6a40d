"""A compute engine that runs pieces on the workers of a Dask cluster.

Workers run the same code, so the result is the same. A piece is sent as bytes, so Dask
does not inspect it. An argument that several pieces share (the rows, an encoder) is a
task of its own: it is sent once to each worker. If a worker dies, the scheduler
computes its tasks again on another worker.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from functools import partial
from typing import Any, Self, TypeVar

import cloudpickle
import dask
from distributed import Client, Future, KilledWorker

from tracer_bentos.training.engine.engine import one_thread_each
from tracer_core.errors import EngineError

__all__ = ["DaskEngine"]

Result = TypeVar("Result")
Work = Future[Any]

_WORKER_TIMEOUT_SECONDS = 60.0
_CHECK_SECONDS, _POLL_SECONDS = 2.0, 0.02
_MIN_SHARED_BYTES = 100_000
"""Size in bytes from which a shared argument is sent once, not with each piece."""
_DASK_CONFIG = {"distributed.admin.large-graph-warning-threshold": "4GiB"}
"""Disables the warning about large graphs: the rows of an attempt are sent in full."""


class DaskEngine:
    """The workers of a scheduler; they can connect and disconnect at any time."""

    def __init__(
        self, client: Client, timeout: float = _WORKER_TIMEOUT_SECONDS
    ) -> None:
        self._client = client
        self._timeout = timeout
        self._address = str(client.scheduler_info()["address"])

    @classmethod
    def connect(cls, address: str, timeout: float = _WORKER_TIMEOUT_SECONDS) -> Self:
        """Connect to a scheduler and return its engine.

        Args:
            address: Address of the scheduler, as `tcp://HOST:PORT`.
            timeout: Seconds to wait for the scheduler, and for a worker if there is
                none.

        Raises:
            EngineError: The scheduler cannot be reached.
        """
        try:
            client = Client(address, timeout=timeout, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise EngineError(
                f"no Dask scheduler at {address} within {timeout:g} s; start one with"
                f" `dask scheduler`, and workers with `dask worker {address}` ({error})"
            ) from error
        return cls(client, timeout)

    def close(self) -> None:
        """Disconnect from the scheduler; the scheduler and its workers keep running."""
        self._client.close()

    def run(self, pieces: Sequence[Callable[[], Result]]) -> list[Result]:
        """Return the results of the pieces, in their order.

        Raises:
            EngineError: There is no worker, or a piece ends each worker that runs it.
        """
        with dask.config.set(_DASK_CONFIG):
            shared = self._share(pieces)
            futures = [self._submit(piece, shared) for piece in pieces]
        try:
            self._wait(futures)
            return list(self._client.gather(futures))
        except KilledWorker as error:
            raise EngineError(
                f"a piece of work ended each Dask worker that ran it: {error};"
                " increase the memory of the workers"
            ) from error
        except (CancelledError, OSError) as error:
            raise EngineError(
                f"lost the connection to the Dask scheduler: {error!r}"
            ) from error
        finally:
            self._client.cancel([*futures, *shared.values()])

    def _share(self, pieces: Sequence[Callable[[], Any]]) -> dict[int, Work]:
        bound = [argument for piece in pieces for argument in _arguments(piece)]
        uses = Counter(map(id, bound))
        shared: dict[int, Work] = {}
        for argument in bound:
            if uses[id(argument)] > 1 and id(argument) not in shared:
                content = cloudpickle.dumps(argument)
                if len(content) >= _MIN_SHARED_BYTES:
                    shared[id(argument)] = self._client.submit(
                        cloudpickle.loads, content, pure=False
                    )
        return shared

    def _submit(self, piece: Callable[[], Any], shared: Mapping[int, Work]) -> Work:
        arguments = _arguments(piece)
        futures = {
            position: shared[id(argument)]
            for position, argument in enumerate(arguments)
            if id(argument) in shared
        }
        if not isinstance(piece, partial) or not futures:
            return self._client.submit(_run, cloudpickle.dumps(piece), pure=False)
        kept = [
            None if position in futures else argument
            for position, argument in enumerate(arguments)
        ]
        content = cloudpickle.dumps((partial(piece.func, **piece.keywords), kept))
        return self._client.submit(
            _run_shared, content, list(futures), *futures.values(), pure=False
        )

    def _wait(self, futures: Sequence[Work]) -> None:
        last_worker_seen = time.monotonic()
        while pending := [future for future in futures if not future.done()]:
            without_worker = time.monotonic() - last_worker_seen
            if (
                without_worker > min(_CHECK_SECONDS, self._timeout)
                and self._client.nthreads()
            ):
                last_worker_seen = time.monotonic()
            elif without_worker > self._timeout:
                raise EngineError(
                    f"no Dask worker at {self._address} for {self._timeout:g} s, and"
                    f" {len(pending)} pieces of work are pending; start workers with"
                    f" `dask worker {self._address}`"
                )
            time.sleep(_POLL_SECONDS)


def _arguments(piece: Callable[[], Any]) -> tuple[Any, ...]:
    return piece.args if isinstance(piece, partial) else ()


def _run(content: bytes) -> Any:
    piece = cloudpickle.loads(content)
    with one_thread_each():
        return piece()


def _run_shared(content: bytes, positions: Sequence[int], *shared: Any) -> Any:
    function, arguments = cloudpickle.loads(content)
    for position, argument in zip(positions, shared, strict=True):
        arguments[position] = argument
    with one_thread_each():
        return function(*arguments)
