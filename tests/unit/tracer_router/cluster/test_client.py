"""The requests of the Kubernetes client, and the errors of the API server."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes.aio.client import ApiClient, Configuration

from tracer_core.errors import (
    ClusterError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Unavailable,
)
from tracer_router.cluster.client import KubernetesClusterClient
from tracer_router.planning.state.plan import EventRecord, EventType
from tracer_router.resources.manifest import ObjectKey

ROUTER = ObjectKey("TracerRouter", "tickets")
BASE = "/apis/tracerml.ai/v1alpha1/namespaces/team/tracerrouters"


@dataclass
class ApiServer:
    """An API server with one response for all requests."""

    status: int = 200
    response: dict[str, Any] = field(default_factory=dict)
    requests: list[tuple[str, str, str, Any]] = field(default_factory=list)

    async def respond(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append(
            (
                request.method,
                request.path_qs,
                request.content_type,
                json.loads(body) if body else None,
            )
        )
        return web.json_response(self.response, status=self.status)


@pytest.fixture
def api() -> ApiServer:
    return ApiServer()


@pytest.fixture
async def cluster(api: ApiServer) -> AsyncIterator[KubernetesClusterClient]:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", api.respond)
    async with TestServer(application) as server:
        settings = Configuration()
        settings.host = str(server.make_url("")).rstrip("/")
        client = KubernetesClusterClient(ApiClient(configuration=settings))
        yield client
        await client.close()


async def test_a_merge_patch_sets_and_removes_annotations(
    api: ApiServer, cluster: KubernetesClusterClient
) -> None:
    await cluster.annotate("team", ROUTER, {"a/b": "promote 4", "a/c": None})
    assert api.requests == [
        (
            "PATCH",
            f"{BASE}/tickets",
            "application/merge-patch+json",
            {"metadata": {"annotations": {"a/b": "promote 4", "a/c": None}}},
        )
    ]


async def test_a_missing_router_is_reported(
    api: ApiServer, cluster: KubernetesClusterClient
) -> None:
    api.status, api.response = 404, {"message": "no such router"}
    with pytest.raises(NotFound, match="no such router"):
        await cluster.annotate("team", ObjectKey("TracerRouter", "missing"), {})


async def test_a_status_is_applied_by_the_field_manager(
    api: ApiServer, cluster: KubernetesClusterClient
) -> None:
    metadata = {"name": "tickets", "namespace": "team"}
    manifest = {"kind": "TracerRouter", "metadata": metadata, "status": {"stable": 1}}
    await cluster.apply_status(manifest)
    assert api.requests == [
        (
            "PATCH",
            f"{BASE}/tickets/status?fieldManager=tracer-operator&force=true",
            "application/apply-patch+yaml",
            manifest,
        )
    ]


async def test_an_event_is_created_in_the_namespace_of_its_object(
    api: ApiServer, cluster: KubernetesClusterClient
) -> None:
    about = {
        "apiVersion": "tracerml.ai/v1alpha1",
        "kind": "TracerRouter",
        "metadata": {"name": "tickets", "namespace": "team", "uid": "uid-router"},
    }
    event = EventRecord("RolledBack", "revision 1", EventType.WARNING)
    await cluster.emit(about, event)
    ((method, path, _, body),) = api.requests
    assert (method, path) == ("POST", "/api/v1/namespaces/team/events")
    assert (body["type"], body["reason"], body["message"]) == (
        "Warning",
        "RolledBack",
        "revision 1",
    )


async def test_absent_objects_and_kinds_are_not_errors(
    api: ApiServer, cluster: KubernetesClusterClient
) -> None:
    api.status = 404
    assert await cluster.get("team", ROUTER) is None
    assert await cluster.list("team", "HTTPRoute", {"a": "b"}) == []
    await cluster.delete("team", ROUTER)
    assert [request[:2] for request in api.requests] == [
        ("GET", f"{BASE}/tickets"),
        (
            "GET",
            (
                "/apis/gateway.networking.k8s.io/v1/namespaces/team/httproutes"
                "?labelSelector=a%3Db"
            ),
        ),
        ("DELETE", f"{BASE}/tickets?propagationPolicy=Background"),
    ]


async def test_items_of_a_list_have_their_kind(
    api: ApiServer, cluster: KubernetesClusterClient
) -> None:
    api.response = {"items": [{"metadata": {"name": "tickets"}}]}
    assert await cluster.list("team", "TracerRouter", {}) == [
        {"kind": "TracerRouter", "metadata": {"name": "tickets"}}
    ]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, Forbidden),
        (409, Conflict),
        (422, Invalid),
        (429, Unavailable),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
async def test_a_status_code_is_an_error_of_its_kind(
    api: ApiServer,
    cluster: KubernetesClusterClient,
    status: int,
    kind: type[ClusterError],
) -> None:
    api.status, api.response = status, {"message": "why"}
    with pytest.raises(kind, match=f"GET {BASE}/tickets: {status} why"):
        await cluster.get("team", ROUTER)


async def test_an_api_server_that_is_not_reachable_is_unavailable() -> None:
    settings = Configuration()
    settings.host = "http://127.0.0.1:1"
    client = KubernetesClusterClient(ApiClient(configuration=settings))
    try:
        with pytest.raises(Unavailable, match=f"GET {BASE}/tickets: "):
            await client.get("team", ROUTER)
    finally:
        await client.close()
