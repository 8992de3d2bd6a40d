"""TODO-DOC."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import urllib3
from typing_extensions import override
from urllib3.exceptions import HTTPError, ProtocolError

from tracer_bentos.proxies import proxy_authorization, proxy_for

__all__ = [
    "EndpointCircuitBreaker",
    "HttpPostError",
    "TokenCounter",
    "endpoint_wait_seconds",
    "measure_endpoint_wait",
    "post_json",
]


_KEPT: Final = 64
"""Idle connections to one endpoint: as many as ask at once."""


class HttpPostError(Exception):
    """Nothing usable came back; the message says what did, in a few words."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """Status of the response; none when there was none."""


def post_json(
    url: str, content: bytes, headers: Mapping[str, str], seconds: float
) -> bytes:
    """Give the body of the response.

    Goes nowhere else: what is sent is for the endpoint that was named. A connection
    that was closed while it rested is opened again.

    Args:
        url: Where to.
        content: The request's body.
        headers: Its headers.
        seconds: Longest that it may take, over one connection.

    Raises:
        HttpPostError: No response, a broken one, or one that is no success.
    """
    manager = _manager(os.getpid(), proxy_for(*_server(url)))
    for closed_before in (False, True):
        try:
            answer = manager.request(
                "POST",
                url,
                body=content,
                headers=dict(headers),
                timeout=urllib3.Timeout(total=seconds),
                retries=False,
                redirect=False,
            )
        except ProtocolError as error:
            if closed_before or not _was_closed(error):
                raise HttpPostError(type(error).__name__) from error
        except HTTPError as error:
            raise HttpPostError(type(error).__name__) from error
        else:
            break
    if answer.status != HTTPStatus.OK:
        raise HttpPostError(f"HTTP {answer.status}", answer.status)
    return answer.data


def _server(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or ""


def _was_closed(error: ProtocolError) -> bool:
    return any(isinstance(each, ConnectionError) for each in error.args)


@cache
def _manager(process: int, proxy: str | None) -> urllib3.PoolManager:
    """Give the connections of a process: a forked one must not use its parent's."""
    del process
    if proxy is None:
        return urllib3.PoolManager(maxsize=_KEPT)
    parts = urlsplit(proxy)
    basic = proxy_authorization(proxy)
    headers = {"proxy-authorization": basic} if basic else None
    where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return urllib3.ProxyManager(where, maxsize=_KEPT, proxy_headers=headers)


_log = logging.getLogger(__name__)


_FAILURES: Final = 3


_REST_SECONDS: Final = 5.0


_here = threading.local()


class TokenCounter:
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
    def __reduce__(self) -> tuple[type["TokenCounter"], tuple[()]]:
        """Begin anew in another process."""
        return TokenCounter, ()


class EndpointCircuitBreaker:
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
    def __reduce__(self) -> tuple[type["EndpointCircuitBreaker"], tuple[()]]:
        """Begin anew in another process."""
        return EndpointCircuitBreaker, ()


@contextmanager
def measure_endpoint_wait() -> Iterator[None]:
    """Count the time within as waiting for an endpoint, in this thread."""
    began = time.perf_counter()
    try:
        yield
    finally:
        _here.seconds = endpoint_wait_seconds() + time.perf_counter() - began


def endpoint_wait_seconds() -> float:
    """Give the seconds that this thread has ever waited for endpoints."""
    return float(getattr(_here, "seconds", 0.0))
