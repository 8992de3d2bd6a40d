"""The data plane as a BentoML service: `bentoml serve` on an exported Bento.

It hosts the very application of `python -m tracer_bentos.serving`, which pods run for
its start-up time and memory. Configured by the same environment; a bundle beside this
file answers the task that it is certified for.
"""

import os
from pathlib import Path
from typing import Final

# Read by BentoML at import; it honours this one spelling only.
os.environ["BENTOML_DO_NOT_TRACK"] = "true"

import bentoml

from tracer_bentos.serving.http_server.exchange import ASGIApp, Receive, Scope, Send
from tracer_bentos.serving.server.app import DataPlane
from tracer_bentos.serving.server.listeners import Listener
from tracer_bentos.serving.server.settings import read_settings

__all__ = ["Front", "Router"]

BUNDLE: Final = Path(__file__).parent / "bundle"
DAY_SECONDS: Final = 86_400
PROBES: Final = frozenset({"/livez", "/readyz"})


class Front:
    """Stands before BentoML's own routes, so that they shadow no client's path."""

    plane: DataPlane | None = None
    """The data plane, from start-up to shutdown; one a process."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the request to the data plane; BentoML keeps its probes."""
        ours = scope["type"] == "http" and scope["path"] not in PROBES
        app = Front.plane.traffic_app if ours and Front.plane else self._app
        await app(scope, receive, send)


@bentoml.service(
    name="tracer-router",
    workers=1,
    traffic={"timeout": DAY_SECONDS},  # answers stream for as long as they take
    metrics={"enabled": False},  # ours have bounded labels, on the internal port
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": ".*"},
)
class Router:
    """Passes traffic to the teacher and answers what is certified."""

    @bentoml.on_startup  # type: ignore[untyped-decorator]  # publishes no types
    async def begin(self) -> None:
        """Start the data plane and its internal port."""
        settings = read_settings()
        if BUNDLE.is_dir() and not settings.bundle_digest:
            # Only a Bento with data pays for what loads it.
            from tracer_bentos.serving.server.standalone import build_standalone_plane  # noqa: PLC0415

            plane = build_standalone_plane(settings, BUNDLE)
        else:
            plane = DataPlane(settings)
        await plane.start()
        self._internal = Listener(
            plane.admin_api, settings.host, settings.internal_port, 1.0
        )
        await self._internal.start()
        Front.plane = plane

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]  # publishes no types
    async def end(self) -> None:
        """Write out what was captured."""
        if Front.plane:
            await Front.plane.finish()
            await self._internal.stop()


Router.add_asgi_middleware(Front)  # type: ignore[attr-defined]  # now a Service
