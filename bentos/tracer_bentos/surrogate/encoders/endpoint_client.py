"""The client of an endpoint: requests, token counter, circuit breaker, waiting time.

Independent of the format of requests and responses, so that encoders of several remote
services can share it.
"""

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

_log = logging.getLogger(__name__)

_POOL_SIZE: Final = 64
"""Idle connections to one endpoint: as many as threads that send requests."""
_MAX_FAILURES: Final = 3
"""Failures in a row that open the circuit breaker."""
_PAUSE_SECONDS: Final = 5.0
"""Time between two trial requests while the circuit breaker is open."""

_thread = threading.local()


class HttpPostError(Exception):
    """A request without a usable response; the message is a short cause."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """Status of the response; none if there was no response."""


def post_json(
    url: str, content: bytes, headers: Mapping[str, str], seconds: float
) -> bytes:
    """Send a POST request and return the body of the response.

    Redirects are not followed: the content is for the named endpoint only. If the
    server closed an idle connection, the request is sent again on a new one.

    Args:
        url: URL of the request.
        content: Body of the request.
        headers: Headers of the request.
        seconds: Timeout of the request on one connection.

    Raises:
        HttpPostError: There was no response, an incomplete one, or one with another
            status than 200.
    """
    manager = _pool_manager(os.getpid(), proxy_for(*_scheme_and_host(url)))
    for is_retry in (False, True):
        try:
            response = manager.request(
                "POST",
                url,
                body=content,
                headers=dict(headers),
                timeout=urllib3.Timeout(total=seconds),
                retries=False,
                redirect=False,
            )
        except ProtocolError as error:
            if is_retry or not _was_closed(error):
                raise HttpPostError(type(error).__name__) from error
        except HTTPError as error:
            raise HttpPostError(type(error).__name__) from error
        else:
            break
    if response.status != HTTPStatus.OK:
        raise HttpPostError(f"HTTP {response.status}", response.status)
    return response.data


def _scheme_and_host(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or ""


def _was_closed(error: ProtocolError) -> bool:
    return any(isinstance(cause, ConnectionError) for cause in error.args)


@cache
def _pool_manager(process: int, proxy: str | None) -> urllib3.PoolManager:
    """Return the connections of a process.

    The process is part of the key because a forked process must not use the connections
    of its parent.
    """
    del process
    if proxy is None:
        return urllib3.PoolManager(maxsize=_POOL_SIZE)
    parts = urlsplit(proxy)
    authorization = proxy_authorization(proxy)
    headers = {"proxy-authorization": authorization} if authorization else None
    address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return urllib3.ProxyManager(address, maxsize=_POOL_SIZE, proxy_headers=headers)


class TokenCounter:
    """Counts the tokens that an endpoint reports, over all threads of this process."""

    def __init__(self) -> None:
        self.tokens = 0
        """Tokens since the encoder was built."""
        self._lock = threading.Lock()

    def add(self, tokens: int) -> None:
        """Add the tokens of one response."""
        with self._lock:
            self.tokens += tokens

    @override
    def __reduce__(self) -> tuple[type["TokenCounter"], tuple[()]]:
        """Pickle as a new counter: each process counts its own tokens."""
        return TokenCounter, ()


class EndpointCircuitBreaker:
    """Pauses requests to an endpoint after three failures in a row.

    Without it each client would wait for the timeout of an endpoint that is down.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._next_trial = 0.0
        self._lock = threading.Lock()

    def allows_request(self) -> bool:
        """Return whether to send a request; while open, once in five seconds."""
        with self._lock:
            if self._failures < _MAX_FAILURES:
                return True
            now = self._clock()
            if now < self._next_trial:
                return False
            self._next_trial = now + _PAUSE_SECONDS
            return True

    def record_failure(self, error: Exception) -> None:
        """Record a failure; the third in a row opens the circuit breaker."""
        with self._lock:
            self._failures += 1
            self._next_trial = self._clock() + _PAUSE_SECONDS
            opened = self._failures == _MAX_FAILURES
        if opened:
            _log.warning(
                "%s; requests are paused after %d failures in a row, with one trial"
                " every %g s",
                error,
                _MAX_FAILURES,
                _PAUSE_SECONDS,
            )

    def record_success(self) -> None:
        """Record a success; it closes the circuit breaker."""
        with self._lock:
            closed, self._failures = self._failures >= _MAX_FAILURES, 0
        if closed:
            _log.warning("the embeddings endpoint responds again")

    @override
    def __reduce__(self) -> tuple[type["EndpointCircuitBreaker"], tuple[()]]:
        """Pickle as a closed circuit breaker: each process observes for itself."""
        return EndpointCircuitBreaker, ()


@contextmanager
def measure_endpoint_wait() -> Iterator[None]:
    """Count the time of the block as waiting for an endpoint, in this thread."""
    began = time.perf_counter()
    try:
        yield
    finally:
        _thread.seconds = endpoint_wait_seconds() + time.perf_counter() - began


def endpoint_wait_seconds() -> float:
    """Return the seconds that this thread has waited for endpoints in total."""
    return float(getattr(_thread, "seconds", 0.0))
