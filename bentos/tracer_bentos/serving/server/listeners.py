"""Two HTTP servers in one event loop, and the order in which they stop."""

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

# Gateways keep idle connections for up to an hour; whoever closes first loses requests.
KEEP_ALIVE_SECONDS: Final = 3660
BACKLOG: Final = 2048
ACCEPT_BATCH: Final = 16
"""Handles on one listening socket. libuv accepts one connection a handle and turn of
the loop; under load a turn takes tens of milliseconds, and with a single handle some of
a few hundred new clients waited for seconds."""
TRY_AGAIN_SECONDS: Final = 2.0


def _is_relevant_log(record: logging.LogRecord) -> bool:
    """Tell whether uvicorn says something that we have not said already.

    A teacher's answer that breaks off is left to break off here; uvicorn takes that for
    an error of the application.
    """
    return "without completing response" not in record.getMessage()


logging.getLogger("uvicorn.error").addFilter(_is_relevant_log)


class _Server(uvicorn.Server):
    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: two servers share one process."""
        yield


class Listener:
    """One server on one port."""

    def __init__(self, app: ASGIApp, host: str, port: int, grace: float) -> None:
        self._socket = _bind(host, port)
        self.port: int = self._socket.getsockname()[1]
        """The port that it listens on."""
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
            server_header=False,  # the teacher's own are the client's
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=max(int(grace), 1),
        )
        self._server = _Server(config)

    async def start(self) -> None:
        """Return once connections are accepted."""
        handles = [self._socket.dup() for _ in range(ACCEPT_BATCH - 1)]
        serving = self._server.serve([self._socket, *handles])
        self._serving = asyncio.create_task(serving)
        done, server = self._serving.done, self._server
        while not done() and not server.started:  # noqa: ASYNC110 - no event to await
            await asyncio.sleep(0.005)
        if self._serving.done():
            self._serving.result()

    async def stop(self) -> None:
        """Accept nothing more and return once the requests in flight are done."""
        self._server.should_exit = True
        await self._serving


def serve(plane: DataPlane) -> None:
    """Serve in an event loop of its own until SIGTERM or SIGINT.

    Raises:
        SpecError: A port cannot be listened on.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(plane))


async def run(plane: DataPlane) -> None:
    """Serve until SIGTERM or SIGINT, then leave nothing behind."""
    limit_arenas()
    settings = plane.settings
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    host, grace = settings.host, settings.inflight_seconds
    traffic = Listener(plane.front, host, settings.traffic_port, grace)
    internal = _AdminListener(plane.internal, host, settings.internal_port)
    await internal.start()
    await plane.start()
    await traffic.start()
    freeze_gc()
    _log.info("traffic on port %d, internal on %d", traffic.port, internal.port)
    await stop.wait()
    plane.drain()
    await asyncio.sleep(settings.linger_seconds)
    await traffic.stop()
    await plane.finish()
    await _final_scrape(plane)
    await internal.stop()


class _AdminListener:
    """The internal port; while it cannot be listened on, clients are served anyway."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._app, self._host, self.port = app, host, port
        self._listener: Listener | None = None
        self._trying: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen, or begin to try again until it can be done."""
        try:
            await self._listen()
        except SpecError as error:
            _log.error("%s: no evidence, no probes until it is free", error)
            self._trying = asyncio.create_task(self._try_again())

    async def stop(self) -> None:
        """Stop listening, or trying to."""
        if self._trying:
            self._trying.cancel()
        if self._listener:
            await self._listener.stop()

    async def _listen(self) -> None:
        listener = Listener(self._app, self._host, self.port, 1.0)
        await listener.start()
        self._listener, self.port = listener, listener.port

    async def _try_again(self) -> None:
        while not self._listener:
            await asyncio.sleep(TRY_AGAIN_SECONDS)
            with contextlib.suppress(SpecError):
                await self._listen()
        _log.info("internal on %d after all", self.port)


async def _final_scrape(plane: DataPlane) -> None:
    """Hold the internal port open until the last counts are read."""
    try:
        async with asyncio.timeout(plane.settings.farewell_seconds):
            await plane.internal.last_counts_read.wait()
    except TimeoutError:
        _log.info("nobody read the last counts")


def _bind(host: str, port: int) -> socket.socket:
    try:
        listening = _listen(host, port)
    except OSError as error:
        where = f"port {port}" + (f" of {host}" if host else "")
        raise SpecError(f"cannot listen on {where}: {error.strerror}") from None
    # Inherited by every connection; asyncio sets it on sockets it made itself only, and
    # without it a response in two writes waits 40 ms for an acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _listen(host: str, port: int) -> socket.socket:
    if host:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    if socket.has_dualstack_ipv6():
        return socket.create_server(
            ("::", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True
        )
    return socket.create_server(("", port), backlog=BACKLOG)
