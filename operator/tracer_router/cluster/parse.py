"""Routers and revisions as models, parsed from the manifests of the API server."""

from pydantic import ValidationError

from tracer_core.errors import DocumentError, SpecError
from tracer_router.api import (
    ObjectMeta,
    Reason,
    TracerRevision,
    TracerRouter,
    TracerRouterStatus,
)
from tracer_router.resources.manifest import Manifest

__all__ = ["parse_revision", "parse_router", "parse_router_status"]


def parse_router(manifest: Manifest) -> TracerRouter:
    """Parse a router.

    Raises:
        SpecError: A field has a value that this version of the operator rejects.
    """
    try:
        return TracerRouter.model_validate(manifest)
    except ValidationError as error:
        raise SpecError(
            f"{_first_error(error)}; correct the field, or install the version of the "
            "operator that matches the CRD",
            Reason.INVALID_SPEC,
        ) from None


def parse_revision(manifest: Manifest) -> TracerRevision:
    """Parse a revision.

    Raises:
        SpecError: A field has a value that this version of the operator rejects.
    """
    try:
        return TracerRevision.model_validate(manifest)
    except ValidationError as error:
        raise SpecError(
            f"TracerRevision {manifest['metadata']['name']}: {_first_error(error)}; "
            "install the version of the operator that created it, or a later one",
            Reason.INVALID_SPEC,
        ) from None


def parse_router_status(manifest: Manifest) -> tuple[ObjectMeta, TracerRouterStatus]:
    """Parse the metadata and the status of a router whose spec cannot be parsed.

    Raises:
        DocumentError: They cannot be parsed either, so no status can be written.
    """
    try:
        return (
            ObjectMeta.model_validate(manifest["metadata"]),
            TracerRouterStatus.model_validate(manifest.get("status", {})),
        )
    except ValidationError as error:
        raise DocumentError(f"status: {_first_error(error)}") from None


def _first_error(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}"
