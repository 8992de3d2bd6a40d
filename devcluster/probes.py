"""Readiness checks of a running cluster that can be repeated often."""

import http.client
import ssl
import time
from collections.abc import Callable
from pathlib import Path

from devcluster.errors import DevclusterError

PATIENCE_SECONDS = 180.0
PAUSE_SECONDS = 0.1


def wait_until(condition: Callable[[], bool], name: str) -> None:
    """Wait until a condition is true.

    Args:
        condition: The condition.
        name: What becomes ready, for the error message.

    Raises:
        DevclusterError: The condition is not true after three minutes.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise DevclusterError(f"{name} is not ready after {PATIENCE_SECONDS:.0f} s")
        time.sleep(PAUSE_SECONDS)


def api_ready(authority: Path, port: int) -> bool:
    """Return whether the API server on this port is ready."""
    try:
        context = ssl.create_default_context(cafile=str(authority))
    except OSError:
        return False
    server = http.client.HTTPSConnection("127.0.0.1", port, timeout=2, context=context)
    return _status(server, "/readyz") == http.HTTPStatus.OK


def gateway_answers(port: int) -> bool:
    """Return whether an HTTP server answers on this port, with any status."""
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    return _status(server, "/") is not None


def _status(server: http.client.HTTPConnection, path: str) -> int | None:
    try:
        server.request("GET", path)
        return server.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        server.close()
