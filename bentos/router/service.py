"""The data plane as a BentoML service: `bentoml serve` on an exported Bento.

It hosts the same application as `python -m tracer_bentos.serving`, with the same
configuration. Pods run the latter, because it starts faster and uses less memory. If
there is a bundle next to this file, its surrogate answers the certified task.
"""

import os
from pathlib import Path
from typing import Final

# BentoML reads this variable at import and accepts only this value.
os.environ["BENTOML_DO_NOT_TRACK"] = "true"

import bentoml

from tracer_bentos.serving.http_server.exchange import ASGIApp, Receive, Scope, Send
from tracer_bentos.serving.server.app import DataPlane
from tracer_bentos.serving.server.listeners import Listener
from tracer_bentos.serving.server.settings import read_settings

__all__ = ["DataPlaneMiddleware", "Router"]

BUNDLE: Final = Path(__file__).parent / "bundle"
DAY_SECONDS: Final = 86_400
PROBES: Final = frozenset({"/livez", "/readyz"})


class DataPlaneMiddleware:
    """ASGI middleware that gives client paths precedence over BentoML routes."""

    plane: DataPlane | None = None
    """The data plane of this process, from start to shutdown."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward the request to the data plane, except for the probes of BentoML."""
        is_client = scope["type"] == "http" and scope["path"] not in PROBES
        plane = DataPlaneMiddleware.plane
        app = plane.traffic_app if is_client and plane else self._app
        await app(scope, receive, send)


@bentoml.service(
    name="tracer-router",
    workers=1,
    traffic={"timeout": DAY_SECONDS},  # longer than any streamed answer
    metrics={"enabled": False},  # the internal port has metrics with bounded labels
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": ".*"},
)
class Router:
    """Forwards requests to the teacher and answers certified tasks."""

    @bentoml.on_startup  # type: ignore[untyped-decorator]  # publishes no types
    async def start_data_plane(self) -> None:
        """Start the data plane and its internal port."""
        settings = read_settings()
        if BUNDLE.is_dir() and not settings.bundle_digest:
            # This import is expensive; only a Bento with a bundle needs it.
            from tracer_bentos.serving.server.standalone import build_standalone_plane  # noqa: PLC0415

            plane = build_standalone_plane(settings, BUNDLE)
        else:
            plane = DataPlane(settings)
        await plane.start()
        self._internal = Listener(
            plane.admin_api, settings.host, settings.internal_port, 1.0
        )
        await self._internal.start()
        DataPlaneMiddleware.plane = plane

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]  # publishes no types
    async def stop_data_plane(self) -> None:
        """Shut down without loss of captured traces."""
        if DataPlaneMiddleware.plane:
            await DataPlaneMiddleware.plane.finish()
            await self._internal.stop()


Router.add_asgi_middleware(DataPlaneMiddleware)  # type: ignore[attr-defined]  # now a Service
