"""The part of the trace store that belongs to a router, and its credentials."""

from dataclasses import dataclass

from tracer_router.api import TracerRouter
from tracer_router.resources.installation import Installation
from tracer_router.resources.pod import paths
from tracer_router.resources.pod.parts import PodParts

__all__ = ["StoreLocation", "store_location", "store_parts"]


@dataclass(frozen=True, slots=True)
class StoreLocation:
    """Where a router keeps traces, bundles, and attempts."""

    url: str
    """URL with the prefix of the router."""
    endpoint: str | None
    """URL of an S3 server other than AWS."""
    region: str
    """Region of the bucket."""
    secret: str | None
    """Name of the Secret with the credentials."""


def store_location(router: TracerRouter, installation: Installation) -> StoreLocation:
    """Return the store that the router names, or its part of the chart's store."""
    part = f"{router.metadata.namespace}/{router.metadata.name}"
    traces = router.spec.traces
    if traces.store is None:
        return StoreLocation(
            f"{installation.store_url_base}/{part}",
            installation.store_endpoint,
            installation.store_region,
            installation.store_secret,
        )
    s3 = traces.store.s3
    prefix = s3.prefix.strip("/") if s3.prefix else part
    secret = s3.credentials.secret_name if s3.credentials else None
    return StoreLocation(f"s3://{s3.bucket}/{prefix}", s3.endpoint, s3.region, secret)


def store_parts(router: TracerRouter, installation: Installation) -> PodParts:
    """Return the mount of the store credentials.

    Credentials are mounted as files and are never in the environment.
    """
    secret = store_location(router, installation).secret
    if not secret:
        return PodParts()
    return PodParts.mounted(
        "store", paths.STORE_CREDENTIALS, {"secret": {"secretName": secret}}
    )
