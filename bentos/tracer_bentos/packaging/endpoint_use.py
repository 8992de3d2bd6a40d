"""What asking an endpoint leaves behind: tokens, time, and rest after failures."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from typing_extensions import override

__all__ = ["Rest", "Spent", "waited_here", "waiting"]

_log = logging.getLogger(__name__)

_FAILURES: Final = 3
_REST_SECONDS: Final = 5.0
_here = threading.local()


class Spent:
    """What an endpoint says that it has counted, over all threads of this process."""

    def __init__(self) -> None:
        self.tokens = 0
        """Tokens since the encoder was made."""
        self._lock = threading.Lock()

    def add(self, tokens: int) -> None:
        """Count the tokens of an answer."""
        with self._lock:
            self.tokens += tokens

    @override
    def __reduce__(self) -> tuple[type["Spent"], tuple[()]]:
        """Begin anew in another process."""
        return Spent, ()


class Rest:
    """Leaves an endpoint alone that fails again and again: others wait meanwhile."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._until = 0.0
        self._lock = threading.Lock()

    def allows(self) -> bool:
        """Tell whether to ask: during a rest once in a while, to see if it is over."""
        with self._lock:
            if self._failures < _FAILURES:
                return True
            now = self._clock()
            if now < self._until:
                return False
            self._until = now + _REST_SECONDS
            return True

    def failed(self, why: Exception) -> None:
        """Note a failure; several in a row begin a rest."""
        with self._lock:
            self._failures += 1
            self._until = self._clock() + _REST_SECONDS
            began = self._failures == _FAILURES
        if began:
            _log.warning("%s; asked only every %g s until it does", why, _REST_SECONDS)

    def answered(self) -> None:
        """Note an answer: the rest is over."""
        with self._lock:
            over, self._failures = self._failures >= _FAILURES, 0
        if over:
            _log.warning("the embeddings endpoint answers again")

    @override
    def __reduce__(self) -> tuple[type["Rest"], tuple[()]]:
        """Begin anew in another process."""
        return Rest, ()


@contextmanager
def waiting() -> Iterator[None]:
    """Count the time within as waiting for an endpoint, in this thread."""
    began = time.perf_counter()
    try:
        yield
    finally:
        _here.seconds = waited_here() + time.perf_counter() - began


def waited_here() -> float:
    """Give the seconds that this thread has ever waited for endpoints."""
    return float(getattr(_here, "seconds", 0.0))
