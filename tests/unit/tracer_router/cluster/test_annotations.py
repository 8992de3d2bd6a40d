"""The requests that set annotations of a router."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes.aio.client import ApiClient, Configuration

from tracer_core.errors import NotFound
from tracer_router.cluster.client import KubernetesClusterClient
from tracer_router.resources.manifest import ObjectKey

ROUTER = ObjectKey("TracerRouter", "tickets")


@pytest.fixture
async def seen() -> AsyncIterator[list[Any]]:
    """Return the requests that an API server received, and its client as last item."""
    requests: list[Any] = []

    async def patch(request: web.Request) -> web.Response:
        requests.append(
            (request.path, request.content_type, json.loads(await request.read()))
        )
        if "missing" in request.path:
            return web.json_response({"message": "no such router"}, status=404)
        return web.json_response({"metadata": {}})

    application = web.Application()
    application.router.add_patch("/{path:.*}", patch)
    server = TestServer(application)
    await server.start_server()
    settings = Configuration()
    settings.host = str(server.make_url("")).rstrip("/")
    cluster = KubernetesClusterClient(ApiClient(configuration=settings))
    requests.append(cluster)
    yield requests
    await cluster.close()
    await server.close()


async def test_a_merge_patch_sets_and_removes(seen: list[Any]) -> None:
    cluster = seen.pop()
    await cluster.annotate("team", ROUTER, {"a/b": "promote 4", "a/c": None})
    assert seen == [
        (
            "/apis/tracerml.ai/v1alpha1/namespaces/team/tracerrouters/tickets",
            "application/merge-patch+json",
            {"metadata": {"annotations": {"a/b": "promote 4", "a/c": None}}},
        )
    ]


async def test_a_missing_router_is_reported(seen: list[Any]) -> None:
    cluster = seen.pop()
    with pytest.raises(NotFound, match="no such router"):
        await cluster.annotate("team", ObjectKey("TracerRouter", "missing"), {})
