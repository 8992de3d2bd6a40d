"""The interfaces to the cluster; `client` and `pod_client` implement them."""

from collections.abc import Mapping
from typing import Protocol

from tracer_core.contracts.evidence import Evidence
from tracer_core.contracts.policy import PolicyDocument
from tracer_router.planning.state.plan import EventRecord
from tracer_router.resources.manifest import Manifest, ObjectKey

__all__ = ["ClusterClient", "PodClient"]


class ClusterClient(Protocol):
    """Operations on manifests in one namespace."""

    async def get(self, namespace: str, key: ObjectKey) -> Manifest | None:
        """Return an object; None if it or its kind does not exist."""

    async def list(
        self, namespace: str, kind: str, labels: Mapping[str, str]
    ) -> list[Manifest]:
        """Return the objects with these labels; none if the kind is not served."""

    async def apply(self, manifest: Manifest) -> Manifest:
        """Apply a whole intent server-side, and return the resulting object."""

    async def apply_status(self, manifest: Manifest) -> Manifest:
        """Apply the whole status of a router or a revision."""

    async def delete(self, namespace: str, key: ObjectKey) -> None:
        """Delete an object and its dependents; do nothing if it does not exist."""

    async def emit(self, about: Manifest, event: EventRecord) -> None:
        """Create an Event about an object."""


class PodClient(Protocol):
    """Requests to the internal port of data-plane pods."""

    async def push(self, address: str, policy: PolicyDocument) -> Evidence | None:
        """Push the policy, and return the evidence; None if the pod does not answer."""
