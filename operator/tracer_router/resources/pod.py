"""The parts that every pod of a router shares: security, store, scratch space."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tracer_core.contracts import runtime
from tracer_router.api import Resources, TracerRouter
from tracer_router.resources.installation import Installation

__all__ = [
    "CONTAINER_SECURITY",
    "POD_SECURITY",
    "PodParts",
    "environment",
    "resources_of",
    "store_parts",
]

_CREDENTIALS = "/var/run/tracer/store"

POD_SECURITY: dict[str, Any] = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "runAsGroup": 65532,
    "fsGroup": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""What the restricted pod security standard asks of a pod."""

CONTAINER_SECURITY: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
"""What the restricted pod security standard asks of a container."""


@dataclass(frozen=True, slots=True)
class PodParts:
    """Environment, mounts and volumes that go together."""

    values: dict[str, str]
    mounts: tuple[dict[str, Any], ...] = ()
    volumes: tuple[dict[str, Any], ...] = ()


def environment(values: dict[str, str]) -> list[dict[str, str]]:
    """Give variables as a container lists them, in a fixed order."""
    return [{"name": name, "value": values[name]} for name in sorted(values)]


def resources_of(said: Resources | None, usual: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a container says of CPU and memory: the router's, or the chart's."""
    chosen = dict(usual) if said is None else said.model_dump(exclude_none=True)
    return {"resources": chosen} if chosen else {}


def store_parts(router: TracerRouter, installation: Installation) -> PodParts:
    """Give what a pod needs to reach the router's part of the store.

    Credentials come as mounted files, never as environment.
    """
    url, endpoint, region, secret = _store(router, installation)
    values = {runtime.STORE_URL: url, runtime.STORE_REGION: region}
    if endpoint:
        values[runtime.STORE_ENDPOINT] = endpoint
    if not secret:
        return PodParts(values)
    values[runtime.STORE_CREDENTIALS] = _CREDENTIALS
    mount = {"name": "store", "mountPath": _CREDENTIALS, "readOnly": True}
    volume = {"name": "store", "secret": {"secretName": secret}}
    return PodParts(values, (mount,), (volume,))


def _store(
    router: TracerRouter, installation: Installation
) -> tuple[str, str | None, str, str | None]:
    part = f"{router.metadata.namespace}/{router.metadata.name}"
    traces = router.spec.traces
    if traces.store is None:
        return (
            f"{installation.store_url_base}/{part}",
            installation.store_endpoint,
            installation.store_region,
            installation.store_secret,
        )
    s3 = traces.store.s3
    prefix = s3.prefix.strip("/") if s3.prefix else part
    secret = s3.credentials.secret_name if s3.credentials else None
    return f"s3://{s3.bucket}/{prefix}", s3.endpoint, s3.region, secret
