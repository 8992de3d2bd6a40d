"""A data plane without an operator: a local bundle and a policy for its task."""

import dataclasses
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from tracer_bentos.bundle.archive import read_bento
from tracer_bentos.bundle.bundle import load_bundle
from tracer_bentos.serving.server.app import DataPlane
from tracer_bentos.serving.server.bundle_loader import require_redaction
from tracer_bentos.serving.server.listeners import serve
from tracer_bentos.serving.server.settings import Settings, build_settings
from tracer_core.constants import UNNAMED_TASK
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.policy import PolicyDocument, RevisionPolicy
from tracer_core.contracts.runtime_config import RuntimeConfig
from tracer_core.errors import DocumentError

__all__ = ["build_standalone_plane", "serve_standalone"]

_log = logging.getLogger(__name__)

AUDIT_RATE: Final = 0.02
"""Share of the sessions that the teacher audits."""


def serve_standalone(
    config: RuntimeConfig,
    bundle: Path | None,
    *,
    host: str,
    port: int,
    internal_port: int,
    spool: Path | None = None,
) -> None:
    """Serve on this machine until interrupted.

    Args:
        config: The runtime configuration, as a pod reads it.
        bundle: Folder of a bundle, or an exported Bento; None to pass through.
        host: Address of both listeners.
        port: Port of client requests; 0 for a free port.
        internal_port: Port of evidence and metrics; 0 for a free port.
        spool: Folder of the write-ahead segments; None for the default.

    Raises:
        DocumentError: The bundle is incomplete, or its self-check fails on this
            machine.
        SpecError: A setting is invalid, or a port is in use.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr
    )
    settings = build_settings(config, os.environ)
    settings = dataclasses.replace(
        settings,
        host=host,
        traffic_port=port,
        internal_port=internal_port,
        spool=spool or settings.spool,
        shutdown_delay_seconds=0.0,  # no load balancer to wait for
        final_scrape_seconds=0.0,  # no operator reads the counters
    )
    serve(build_standalone_plane(settings, bundle) if bundle else DataPlane(settings))


def build_standalone_plane(settings: Settings, bundle: Path) -> DataPlane:
    """Return a data plane that answers the certified task of a bundle.

    A policy that is pushed or mounted replaces the policy of this function.

    Args:
        settings: Settings of the process.
        bundle: Folder of a bundle, or an exported Bento.

    Raises:
        DocumentError: The bundle is incomplete, its self-check fails on this machine,
            or it was certified on texts with a different redaction.
    """
    if bundle.is_file():
        with tempfile.TemporaryDirectory(prefix="tracer-bundle-") as folder:
            unpacked = read_bento(bundle.read_bytes(), Path(folder))
            return _build_plane(settings, unpacked)
    return _build_plane(settings, bundle)


def _build_plane(settings: Settings, bundle: Path) -> DataPlane:
    digest = _digest(bundle)
    predictor = load_bundle(bundle, digest)
    predictor.require_text_only()
    predictor.verify_golden()
    task = predictor.manifest.task
    if task == UNNAMED_TASK:
        _log.warning(
            "the bundle has no task, because its traces have none; the teacher answers"
            " all requests; capture traces with --store and fit on those"
        )
    plane = DataPlane(settings)
    require_redaction(predictor, plane.redaction)
    plane.surrogate_slot.set_local_surrogate(predictor, digest)
    policy = RevisionPolicy(
        surrogate=True, audit=AUDIT_RATE, bundle=digest, tasks=(task,)
    )
    revisions = {str(settings.revision): policy}
    plane.policy_store.update(PolicyDocument(generation=0, revisions=revisions))
    return plane


def _digest(bundle: Path) -> str:
    try:
        return sha256_digest((bundle / "manifest.json").read_bytes())
    except OSError as error:
        raise DocumentError(f"no bundle in {bundle}: {error.strerror}") from error
