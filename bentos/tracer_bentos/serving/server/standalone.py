"""A data plane without an operator: a bundle at hand, and the policy it implies."""

import logging
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tracer_bentos.bundle.archive import read_bento
from tracer_bentos.bundle.bundle import load_bundle
from tracer_bentos.serving.server.app import DataPlane
from tracer_bentos.serving.server.bundle_loader import expect_redaction
from tracer_bentos.serving.server.listeners import serve
from tracer_bentos.serving.server.settings import Settings, read_settings
from tracer_core.constants import UNNAMED_TASK
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.policy import PolicyDocument, RevisionPolicy
from tracer_core.errors import DocumentError

__all__ = ["build_standalone_plane", "serve_standalone"]

_log = logging.getLogger(__name__)

AUDIT: Final = 0.02
"""Share of sessions that stay checked by the teacher."""


def serve_standalone(environment: Mapping[str, str], bundle: Path | None) -> None:
    """Serve on this machine until interrupted.

    Args:
        environment: What a pod would be told by its environment.
        bundle: Folder of a bundle or an exported Bento; none to pass through.

    Raises:
        DocumentError: The bundle is not whole, or decides otherwise on this machine.
        SpecError: A setting is malformed, or the port is taken.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr
    )
    settings = read_settings(environment)
    serve(build_standalone_plane(settings, bundle) if bundle else DataPlane(settings))


def build_standalone_plane(settings: Settings, bundle: Path) -> DataPlane:
    """Give a data plane that answers the task its bundle is certified for.

    A policy pushed or mounted replaces the one implied here.

    Raises:
        DocumentError: The bundle is not whole, decides otherwise on this machine, or
            was certified on texts that were redacted otherwise.
    """
    if bundle.is_file():
        with tempfile.TemporaryDirectory(prefix="tracer-bundle-") as scratch:
            return _plane(settings, read_bento(bundle.read_bytes(), Path(scratch)))
    return _plane(settings, bundle)


def _plane(settings: Settings, bundle: Path) -> DataPlane:
    digest = _digest(bundle)
    predictor = load_bundle(bundle, digest)
    predictor.require_text_only()
    predictor.verify_golden()
    task = predictor.manifest.task
    if task == UNNAMED_TASK:
        _log.warning(
            "the traces behind this bundle name no task, so no request is known to be"
            " of it and the teacher answers all: capture traces with --store and fit"
            " on those"
        )
    plane = DataPlane(settings)
    expect_redaction(predictor, plane.redaction)
    plane.loaded.set_local_surrogate(predictor, digest)
    policy = RevisionPolicy(surrogate=True, audit=AUDIT, bundle=digest, tasks=(task,))
    revisions = {str(settings.revision): policy}
    plane.policies.update(PolicyDocument(generation=0, revisions=revisions))
    return plane


def _digest(bundle: Path) -> str:
    try:
        return sha256_digest((bundle / "manifest.json").read_bytes())
    except OSError as error:
        raise DocumentError(f"no bundle in {bundle}: {error.strerror}") from error
