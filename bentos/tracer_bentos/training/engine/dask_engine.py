"""Pieces on the workers of a Dask cluster: the same code there, so the same result.

A piece travels as bytes, so Dask never looks into it. What several pieces share (the
rows, an encoder) is a task of its own: it travels once to each worker, and when a
worker dies the scheduler makes it anew elsewhere, as it does with the pieces.
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
_LOOK_SECONDS, _POLL_SECONDS = 2.0, 0.02
_WORTH_SHARING = 100_000
"""Bytes from which something that pieces share is sent once, not with each of them."""
_QUIET = {"distributed.admin.large-graph-warning-threshold": "4GiB"}
"""The rows of an attempt are meant to be sent as they are."""


class DaskEngine:
    """Workers that a scheduler knows; they may come and go."""

    def __init__(
        self, client: Client, patience: float = _WORKER_TIMEOUT_SECONDS
    ) -> None:
        self._client = client
        self._patience = patience
        self._address = str(client.scheduler_info()["address"])

    @classmethod
    def connect(cls, address: str, patience: float = _WORKER_TIMEOUT_SECONDS) -> Self:
        """Give the engine of a scheduler.

        Args:
            address: Where it listens, as `tcp://HOST:PORT`.
            patience: Seconds to wait for it, and for a worker whenever there is none.

        Raises:
            EngineError: It cannot be reached.
        """
        try:
            client = Client(address, timeout=patience, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise EngineError(
                f"no Dask scheduler at {address} within {patience:g} s: start one with"
                f" `dask scheduler`, and workers with `dask worker {address}` ({error})"
            ) from error
        return cls(client, patience)

    def close(self) -> None:
        """Leave the scheduler; it and its workers go on."""
        self._client.close()

    def run(self, pieces: Sequence[Callable[[], Result]]) -> list[Result]:
        """Give the result of every piece, in their order.

        Raises:
            EngineError: There is no worker, or a piece ends every worker it is given.
        """
        with dask.config.set(_QUIET):
            shared = self._share(pieces)
            futures = [self._submit(piece, shared) for piece in pieces]
        try:
            self._wait(futures)
            return list(self._client.gather(futures))
        except KilledWorker as error:
            raise EngineError(
                f"a piece of work has ended every Dask worker that took it: {error};"
                " give the workers more memory"
            ) from error
        except (CancelledError, OSError) as error:
            raise EngineError(f"the Dask scheduler went away: {error!r}") from error
        finally:
            self._client.cancel([*futures, *shared.values()])

    def _share(self, pieces: Sequence[Callable[[], Any]]) -> dict[int, Work]:
        bound = [each for piece in pieces for each in _arguments(piece)]
        uses = Counter(map(id, bound))
        shared: dict[int, Work] = {}
        for each in bound:
            if uses[id(each)] > 1 and id(each) not in shared:
                content = cloudpickle.dumps(each)
                if len(content) >= _WORTH_SHARING:
                    shared[id(each)] = self._client.submit(
                        cloudpickle.loads, content, pure=False
                    )
        return shared

    def _submit(self, piece: Callable[[], Any], shared: Mapping[int, Work]) -> Work:
        arguments = _arguments(piece)
        futures = {
            at: shared[id(each)]
            for at, each in enumerate(arguments)
            if id(each) in shared
        }
        if not isinstance(piece, partial) or not futures:
            return self._client.submit(_run, cloudpickle.dumps(piece), pure=False)
        kept = [None if at in futures else each for at, each in enumerate(arguments)]
        content = cloudpickle.dumps((partial(piece.func, **piece.keywords), kept))
        return self._client.submit(
            _run_shared, content, list(futures), *futures.values(), pure=False
        )

    def _wait(self, futures: Sequence[Work]) -> None:
        staffed = time.monotonic()
        while pending := [each for each in futures if not each.done()]:
            alone = time.monotonic() - staffed
            if alone > min(_LOOK_SECONDS, self._patience) and self._client.nthreads():
                staffed = time.monotonic()
            elif alone > self._patience:
                raise EngineError(
                    f"no Dask worker at {self._address} for {self._patience:g} s, and"
                    f" {len(pending)} pieces of work are left: start some with `dask"
                    f" worker {self._address}`"
                )
            time.sleep(_POLL_SECONDS)


def _arguments(piece: Callable[[], Any]) -> tuple[Any, ...]:
    return piece.args if isinstance(piece, partial) else ()


def _run(content: bytes) -> Any:
    piece = cloudpickle.loads(content)
    with one_thread_each():
        return piece()


def _run_shared(content: bytes, places: Sequence[int], *shared: Any) -> Any:
    function, arguments = cloudpickle.loads(content)
    for place, each in zip(places, shared, strict=True):
        arguments[place] = each
    with one_thread_each():
        return function(*arguments)
