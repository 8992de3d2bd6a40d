"""A data plane without an operator: a bundle in a folder, and the policy it implies."""

from pathlib import Path
from typing import Final

from tracer_bentos.packaging.bundle_io import load_bundle
from tracer_bentos.serving.app import DataPlane
from tracer_bentos.serving.settings import Settings
from tracer_router.contracts.document import digest_of
from tracer_router.contracts.policy import PolicyDocument, RevisionPolicy
from tracer_router.errors import DocumentError

__all__ = ["local_plane"]

AUDIT: Final = 0.02
"""Share of sessions that stay checked by the teacher."""


def local_plane(settings: Settings, bundle: Path) -> DataPlane:
    """Give a data plane that answers the task its bundle is certified for.

    A policy pushed or mounted replaces the one implied here.

    Raises:
        DocumentError: The bundle is not whole, or decides otherwise on this machine.
    """
    digest = _digest(bundle)
    predictor = load_bundle(bundle, digest)
    predictor.verify_golden()
    plane = DataPlane(settings)
    plane.loaded.adopt(predictor, digest)
    policy = RevisionPolicy(
        surrogate=True, audit=AUDIT, bundle=digest, tasks=(predictor.manifest.task,)
    )
    revisions = {str(settings.revision): policy}
    plane.policies.offer(PolicyDocument(generation=0, revisions=revisions))
    return plane


def _digest(bundle: Path) -> str:
    try:
        return digest_of((bundle / "manifest.json").read_bytes())
    except OSError as error:
        raise DocumentError(f"no bundle in {bundle}: {error.strerror}") from error
