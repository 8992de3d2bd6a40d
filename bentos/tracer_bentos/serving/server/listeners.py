"""Two HTTP servers in one event loop, and the order of their shutdown."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Iterator
from typing import Any, Final

import uvicorn
import uvloop
from typing_extensions import override

from tracer_bentos.serving.http_server.exchange import ASGIApp
from tracer_bentos.serving.server.app import DataPlane
from tracer_bentos.serving.server.memory_tuning import freeze_gc, limit_arenas
from tracer_bentos.serving.server.write_coalescing import CoalescingProtocol
from tracer_core.errors import SpecError

__all__ = ["Listener", "run", "serve"]

_log = logging.getLogger(__name__)

KEEP_ALIVE_SECONDS: Final = 3660
"""Gateways keep idle connections for up to one hour. If the server closed first, it
could lose requests."""
BACKLOG: Final = 2048
ACCEPT_BATCH: Final = 16
"""Handles on one listening socket. libuv accepts one connection for each handle and
iteration of the event loop. Under load, an iteration takes tens of milliseconds; with
one handle, some of several hundred new clients waited for seconds."""
BIND_RETRY_SECONDS: Final = 2.0


def _is_relevant_log(record: logging.LogRecord) -> bool:
    """Return whether a log record of uvicorn is relevant.

    If the response of the teacher is incomplete, the data plane leaves its own response
    incomplete. uvicorn logs that as an error of the application.
    """
    return "without completing response" not in record.getMessage()


logging.getLogger("uvicorn.error").addFilter(_is_relevant_log)


class _Server(uvicorn.Server):
    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers: two servers share one process."""
        yield


class Listener:
    """One HTTP server on one port.

    Args:
        app: The ASGI application.
        host: Address to bind; empty for all interfaces.
        port: Port to bind; 0 for a free port.
        grace: Maximum time for requests in progress at shutdown, in seconds.

    Raises:
        SpecError: The port cannot be bound.
    """

    def __init__(self, app: ASGIApp, host: str, port: int, grace: float) -> None:
        self._socket = _bind(host, port)
        self.port: int = self._socket.getsockname()[1]
        """The bound port."""
        app_: Any = app
        config = uvicorn.Config(
            app_,
            http=CoalescingProtocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level=logging.WARNING,
            proxy_headers=False,
            server_header=False,  # clients receive the header of the teacher
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=max(int(grace), 1),
        )
        self._server = _Server(config)

    async def start(self) -> None:
        """Return once the server accepts connections."""
        handles = [self._socket.dup() for _ in range(ACCEPT_BATCH - 1)]
        serving = self._server.serve([self._socket, *handles])
        self._serving = asyncio.create_task(serving)
        done, server = self._serving.done, self._server
        while not done() and not server.started:  # noqa: ASYNC110 - no event to await
            await asyncio.sleep(0.005)
        if self._serving.done():
            self._serving.result()

    async def stop(self) -> None:
        """Close the listening socket and return once all requests are complete."""
        self._server.should_exit = True
        await self._serving


def serve(plane: DataPlane) -> None:
    """Run a data plane in a new event loop until SIGTERM or SIGINT.

    Raises:
        SpecError: A port cannot be bound.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(plane))


async def run(plane: DataPlane) -> None:
    """Run a data plane until SIGTERM or SIGINT, then shut it down without data loss."""
    limit_arenas()
    settings = plane.settings
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    host, grace = settings.host, settings.inflight_seconds
    traffic = Listener(plane.traffic_app, host, settings.traffic_port, grace)
    internal = _InternalListener(plane.admin_api, host, settings.internal_port)
    await internal.start()
    await plane.start()
    await traffic.start()
    freeze_gc()
    _log.info("traffic on port %d, internal on %d", traffic.port, internal.port)
    await stop.wait()
    plane.drain()
    await asyncio.sleep(settings.shutdown_delay_seconds)
    await traffic.stop()
    await plane.finish()
    await _wait_for_final_scrape(plane)
    await internal.stop()


class _InternalListener:
    """The internal port; clients are served even while it cannot be bound."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._app, self._host, self.port = app, host, port
        self._listener: Listener | None = None
        self._retry: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Bind the port, or start to retry in the background."""
        try:
            await self._listen()
        except SpecError as error:
            _log.error(
                "%s; evidence and probes are unavailable until a retry succeeds", error
            )
            self._retry = asyncio.create_task(self._retry_listen())

    async def stop(self) -> None:
        """Stop the listener and the retries."""
        if self._retry:
            self._retry.cancel()
        if self._listener:
            await self._listener.stop()

    async def _listen(self) -> None:
        listener = Listener(self._app, self._host, self.port, 1.0)
        await listener.start()
        self._listener, self.port = listener, listener.port

    async def _retry_listen(self) -> None:
        while not self._listener:
            await asyncio.sleep(BIND_RETRY_SECONDS)
            with contextlib.suppress(SpecError):
                await self._listen()
        _log.info("internal listener bound to port %d after retry", self.port)


async def _wait_for_final_scrape(plane: DataPlane) -> None:
    """Keep the internal port open until the operator has read the final evidence."""
    try:
        async with asyncio.timeout(plane.settings.final_scrape_seconds):
            await plane.admin_api.final_evidence_read.wait()
    except TimeoutError:
        _log.info("final metrics were not scraped before shutdown")


def _bind(host: str, port: int) -> socket.socket:
    try:
        listening = _open_socket(host, port)
    except OSError as error:
        address = f"port {port}" + (f" of {host}" if host else "")
        raise SpecError(f"cannot listen on {address}: {error.strerror}") from None
    # Connections inherit this option. asyncio sets it only on sockets that it created;
    # without it, a response in two writes waits 40 ms for an acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _open_socket(host: str, port: int) -> socket.socket:
    if host:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    if socket.has_dualstack_ipv6():
        return socket.create_server(
            ("::", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True
        )
    return socket.create_server(("", port), backlog=BACKLOG)
