"""A client of the Kubernetes API: plain manifests, server-side apply."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, ApiException, Configuration

from tracer_core.constants import FIELD_MANAGER
from tracer_core.errors import (
    ClusterError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Unavailable,
)
from tracer_router.cluster.api_paths import build_path
from tracer_router.planning.state.plan import EventRecord
from tracer_router.resources.manifest import Manifest, ObjectKey

__all__ = ["KubernetesClusterClient", "build_event", "connect"]

_TIMEOUT_SECONDS = 30
_MAX_EVENT_CHARACTERS = 1024
"""The API server rejects an Event with a longer message."""
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_ERRORS: dict[int, type[ClusterError]] = {
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: Invalid,
}


class KubernetesClusterClient:
    """A `ClusterClient` of one API server.

    Manifests stay dictionaries, because typed models drop unknown fields.
    """

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    async def get(self, namespace: str, key: ObjectKey) -> Manifest | None:
        """Return an object; None if it or its kind does not exist."""
        try:
            return await self._call("GET", build_path(namespace, key.kind, key.name))
        except NotFound:
            return None

    async def list(
        self, namespace: str, kind: str, labels: Mapping[str, str]
    ) -> list[Manifest]:
        """Return the objects with these labels; none if the kind is not served."""
        wanted = ",".join(f"{name}={value}" for name, value in labels.items())
        query = {"labelSelector": wanted} if wanted else {}
        try:
            listed = await self._call("GET", build_path(namespace, kind), query)
        except NotFound:
            return []
        # Items of a list have neither kind nor version.
        return [{**item, "kind": kind} for item in listed["items"]]

    async def apply(self, manifest: Manifest) -> Manifest:
        """Apply a whole intent server-side, and return the resulting object."""
        return await self._apply(manifest, "")

    async def apply_status(self, manifest: Manifest) -> Manifest:
        """Apply the whole status of a router or a revision."""
        return await self._apply(manifest, "status")

    async def delete(self, namespace: str, key: ObjectKey) -> None:
        """Delete an object and its dependents; do nothing if it does not exist."""
        query = {"propagationPolicy": "Background"}
        path = build_path(namespace, key.kind, key.name)
        try:
            await self._call("DELETE", path, query)
        except NotFound:
            return

    async def emit(self, about: Manifest, event: EventRecord) -> None:
        """Create an Event about an object."""
        body = build_event(about, event, datetime.now(UTC))
        namespace = about["metadata"]["namespace"]
        await self._call("POST", build_path(namespace, "Event"), body=body)

    async def annotate(
        self, namespace: str, key: ObjectKey, annotations: Mapping[str, str | None]
    ) -> None:
        """Set annotations of an object; None removes an annotation.

        Raises:
            NotFound: The object does not exist.
        """
        path = build_path(namespace, key.kind, key.name)
        body = {"metadata": {"annotations": dict(annotations)}}
        await self._call("PATCH", path, None, body, _MERGE)

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()  # type: ignore[no-untyped-call] # untyped upstream

    async def _apply(self, manifest: Manifest, subresource: str) -> Manifest:
        metadata = manifest["metadata"]
        path = build_path(
            metadata["namespace"], manifest["kind"], metadata["name"], subresource
        )
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return await self._call("PATCH", path, query, manifest, _APPLY)

    async def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Manifest | None = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        url = self._api.configuration.host + path
        if query:
            url += "?" + urlencode(query)
        headers = {"Accept": "application/json", "Content-Type": content_type}
        try:
            await self._authenticate(headers)
            response = await self._api.call_api(
                method, url, headers, body, _request_timeout=_TIMEOUT_SECONDS
            )
            content = await response.read()  # type: ignore[no-untyped-call] # untyped upstream
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"{method} {path}: {error or type(error)}") from error
        except ApiException as error:
            raise _translate(error.status, error.body, method, path) from error
        if response.status >= 400:  # noqa: PLR2004 - the first status that is an error
            raise _translate(response.status, content, method, path)
        return dict(json.loads(content))

    async def _authenticate(self, headers: dict[str, str]) -> None:
        settings = self._api.configuration
        auth = await settings.get_api_key_with_prefix("BearerToken")
        if auth:
            headers["Authorization"] = auth


async def connect() -> KubernetesClusterClient:
    """Return a client: with the service account in a pod, or else the kubeconfig."""
    settings = Configuration()
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        load = config.load_incluster_config
        load(client_configuration=settings)  # type: ignore[no-untyped-call] # untyped upstream
    else:
        read = config.load_kube_config
        await read(client_configuration=settings)  # type: ignore[no-untyped-call] # untyped upstream
    return KubernetesClusterClient(ApiClient(configuration=settings))


def build_event(about: Manifest, event: EventRecord, now: datetime) -> Manifest:
    """Return the manifest of a core Event about an object."""
    timestamp = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    metadata = about["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "generateName": f"{metadata['name']}.",
            "namespace": metadata["namespace"],
        },
        "involvedObject": {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata.get("uid"),
        },
        "reason": event.reason,
        "message": event.message[:_MAX_EVENT_CHARACTERS],
        "type": event.type.value,
        "source": {"component": FIELD_MANAGER},
        "firstTimestamp": timestamp,
        "lastTimestamp": timestamp,
        "count": 1,
    }


def _translate(
    status: int | None, body: bytes | str | None, method: str, path: str
) -> ClusterError:
    kind = _ERRORS.get(status or 0, Unavailable)
    try:
        message = json.loads(body or b"{}").get("message", "")
    except ValueError:
        message = ""
    return kind(f"{method} {path}: {status} {message}".strip())
