"""The client of the internal port: evidence, or nothing, but never an exception."""

import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from tracer_core.contracts.evidence import Evidence
from tracer_core.contracts.policy import PolicyDocument
from tracer_router.cluster.pod_client import HttpPodClient

POLICY = PolicyDocument(generation=7)
EVIDENCE = Evidence(revision=1, boot="boot-1")


class Pod:
    """A pod with a fixed response, and the bodies that it received."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body
        self.received: list[bytes] = []

    async def respond(self, request: web.Request) -> web.Response:
        self.received.append(await request.read())
        return web.Response(status=self.status, body=self.body)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def push(pod: Pod, session: aiohttp.ClientSession) -> Evidence | None:
    application = web.Application()
    application.router.add_post("/evidence", pod.respond)
    async with TestServer(application) as server:
        assert server.port is not None
        return await HttpPodClient(session, server.port).push("127.0.0.1", POLICY)


async def test_a_pod_receives_the_policy_and_returns_its_evidence(
    session: aiohttp.ClientSession,
) -> None:
    pod = Pod(200, EVIDENCE.to_json())
    assert await push(pod, session) == EVIDENCE
    assert pod.received == [POLICY.to_json()]


@pytest.mark.parametrize(
    ("status", "body", "logged"),
    [
        pytest.param(503, b"", "returned no evidence", id="an error"),
        pytest.param(200, b"{", "returned unreadable evidence", id="not JSON"),
    ],
)
async def test_a_pod_without_usable_evidence_is_logged(
    session: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
    status: int,
    body: bytes,
    logged: str,
) -> None:
    caplog.set_level(logging.INFO)
    assert await push(Pod(status, body), session) is None
    assert f"pod 127.0.0.1 {logged}: " in caplog.text


async def test_a_pod_that_is_not_reachable_returns_nothing(
    session: aiohttp.ClientSession,
) -> None:
    client = HttpPodClient(session, unused_port())
    assert await client.push("127.0.0.1", POLICY) is None
