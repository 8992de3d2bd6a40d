"""Questions to a running cluster, cheap enough to be asked again and again."""

import http.client
import ssl
import time
from collections.abc import Callable
from pathlib import Path

from devcluster.errors import DevclusterError

PATIENCE_SECONDS = 180.0
PAUSE_SECONDS = 0.1


def wait_until(fact: Callable[[], bool], what: str) -> None:
    """Wait until a fact holds.

    Raises:
        DevclusterError: when it never did.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not fact():
        if time.monotonic() > deadline:
            raise DevclusterError(f"{what} is not ready after {PATIENCE_SECONDS:.0f} s")
        time.sleep(PAUSE_SECONDS)


def api_ready(authority: Path, port: int) -> bool:
    """Tell whether the API server on that port says that it is ready."""
    try:
        context = ssl.create_default_context(cafile=str(authority))
    except OSError:
        return False
    server = http.client.HTTPSConnection("127.0.0.1", port, timeout=2, context=context)
    return _status(server, "/readyz") == http.HTTPStatus.OK


def gateway_answers(port: int) -> bool:
    """Tell whether anything speaks HTTP on the Gateway's port; no route is a 404."""
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
