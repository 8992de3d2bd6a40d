"""What the operator asks of a cluster; `client` is the adapter over a real one."""

from collections.abc import Mapping
from typing import Protocol

from tracer_core.contracts.evidence import Evidence
from tracer_core.contracts.policy import PolicyDocument
from tracer_router.planning.state.plan import EventRecord
from tracer_router.resources.manifest import Manifest, ObjectKey

__all__ = ["ClusterClient", "PodClient"]


class ClusterClient(Protocol):
    """Six verbs on plain manifests in one namespace at a time."""

    async def get(self, namespace: str, key: ObjectKey) -> Manifest | None:
        """Give an object, or None when it or its kind does not exist."""

    async def list(
        self, namespace: str, kind: str, labels: Mapping[str, str]
    ) -> list[Manifest]:
        """Give the objects with these labels; none when the kind is not served."""

    async def apply(self, manifest: Manifest) -> Manifest:
        """Apply a whole intent server-side and give the object as it now is."""

    async def apply_status(self, manifest: Manifest) -> Manifest:
        """Apply the whole status of one of our kinds."""

    async def delete(self, namespace: str, key: ObjectKey) -> None:
        """Delete an object and what depends on it; absent is fine."""

    async def emit(self, about: Manifest, event: EventRecord) -> None:
        """Create an Event about an object."""


class PodClient(Protocol):
    """The internal port of data-plane pods."""

    async def push(self, address: str, policy: PolicyDocument) -> Evidence | None:
        """Push the policy and give the pod's evidence; None when it did not answer."""
