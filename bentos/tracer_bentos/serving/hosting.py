"""The data plane inside another server: `bentoml serve` on an exported Bento."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from tracer_bentos.serving.app import DataPlane
from tracer_bentos.serving.settings import read_settings
from tracer_router.contracts.document import digest_of
from tracer_router.contracts.policy import PolicyDocument, RevisionPolicy

__all__ = ["build_app"]

_AUDIT = 0.02


def build_app(bundle: Path) -> Starlette:
    """Give the application with its lifespan; nothing is read before it starts."""
    hosted = _Hosted(bundle)
    app = Starlette(lifespan=hosted.lifespan)
    app.mount("/", hosted)
    return app


class _Hosted:
    def __init__(self, bundle: Path) -> None:
        self._bundle = bundle
        self._plane: DataPlane | None = None

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Build the data plane in the worker that serves, and end it there."""
        del app
        plane = DataPlane(read_settings())
        if (self._bundle / "manifest.json").exists():
            _load(plane, self._bundle)
        await plane.start()
        self._plane = plane
        yield
        await plane.finish()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._plane is None:
            raise RuntimeError("the lifespan of the application was not run")
        # Mounted at the root: the path that the client asked for is the whole path.
        await self._plane.traffic(scope, receive, send)


def _load(plane: DataPlane, bundle: Path) -> None:
    from tracer_bentos.packaging.bundle_io import load_bundle  # noqa: PLC0415

    digest = digest_of((bundle / "manifest.json").read_bytes())
    predictor = load_bundle(bundle, digest)
    predictor.verify_golden()
    plane.loaded.put(predictor)
    plane.loaded.digest = digest
    policy = RevisionPolicy(
        surrogate=True, audit=_AUDIT, bundle=digest, tasks=(predictor.manifest.task,)
    )
    revision = str(plane.settings.revision)
    plane.policies.offer(PolicyDocument(generation=0, revisions={revision: policy}))
