"""A surrogate that asks an embeddings endpoint: at rest, dead, slow, and back again."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support.embeddings_endpoint import Endpoint, embeddings_endpoint
from support.hidden_bundle import hidden_bundle
from support.hidden_topics import hidden_texts, topic_of
from support.serving_plane import (
    ANYBODY,
    BUNDLE,
    PanicException,
    Plane,
    put_archive,
    serving,
    settings_for,
    until,
)
from support.serving_plane import certified as policy_for
from support.serving_teacher import Teacher, teaching
from support.ticket_bundle import chat_about, task_of
from tracer_bentos.bundle.bundle import load_bundle
from tracer_bentos.serving.decision.eligibility import LoadedSurrogate
from tracer_bentos.serving.decision.loaded import SurrogateSlot
from tracer_bentos.serving.records import Deferral
from tracer_bentos.serving.server.bundle_loader import BundleLoader
from tracer_bentos.serving.telemetry.latency import LatencyLeg
from tracer_bentos.surrogate.encoders.endpoint import EndpointEncoder
from tracer_bentos.surrogate.kernel_ridge import KernelRidge
from tracer_core.contracts.evidence import SLOW_SECONDS

pytestmark = pytest.mark.slow

FRESH = hidden_texts(40, seed=2)
LONG = 2 * SLOW_SECONDS
USE = "tracer_bentos.surrogate.encoders.endpoint_breaker"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Give a bundle whose surrogate asks an endpoint, and the bundle's digest."""
    folder = tmp_path_factory.mktemp("bundle") / "bundle"
    with embeddings_endpoint() as endpoint:
        manifest = hidden_bundle(folder, EndpointEncoder(endpoint.url, "small"))
    return folder, manifest.digest


class Reader:
    """Reads the bundle as it was made, with the endpoint where it is today."""

    def __init__(self, made: tuple[Path, str], endpoint: Endpoint) -> None:
        self._folder, self._digest = made
        self._url = endpoint.url

    def __call__(self, archive: bytes, into: Path, digest: str) -> LoadedSurrogate:
        del archive, into, digest
        found = load_bundle(self._folder, self._digest)
        experts = tuple(
            replace(each, encoder=EndpointEncoder(self._url, "small"))
            if isinstance(each, KernelRidge)
            and isinstance(each.encoder, EndpointEncoder)
            else each
            for each in found.surrogate.experts
        )
        moved = replace(found, surrogate=replace(found.surrogate, experts=experts))
        moved.verify_golden()
        return moved


async def ask(plane: Plane, text: str) -> tuple[int, str]:
    """Give the status of the answer and who gave it."""
    address = f"{plane.url}/v1/chat/completions"
    async with plane.http.post(address, json=chat_about(text)) as response:
        await response.read()
        return response.status, response.headers.get("x-tracer-decision", "teacher")


@asynccontextmanager
async def deciding(
    made: tuple[Path, str], folder: Path, **settings: Any
) -> AsyncIterator[tuple[Plane, Endpoint]]:
    """Give a plane whose surrogate asks an endpoint, and the endpoint.

    The teacher knows the topics, as the traces' did.
    """
    said = {"access": ANYBODY, "decision_seconds": 60.0, **settings}
    with embeddings_endpoint() as endpoint:
        async with (
            teaching(Teacher(label=topic_of)) as teacher,
            serving(teacher.url, folder, Reader(made, endpoint), **said) as plane,
        ):
            await until(lambda: plane.data_plane.surrogate_slot.digest == BUNDLE)
            await plane.push(policy_for(task_of(chat_about("anything")), audit=0))
            yield plane, endpoint


async def test_the_endpoints_vectors_decide_and_what_they_cost_is_counted(
    made: tuple[Path, str], tmp_path: Path
) -> None:
    async with deciding(made, tmp_path, embeddings_price=Decimal("0.02")) as (
        plane,
        endpoint,
    ):
        by = [await ask(plane, text) for text in FRESH]
        counts = (await plane.evidence()).requests
        asked = sum(len(text.split()) for e in endpoint.seen for text in e["input"])
    assert by.count((200, "surrogate")) > 20
    assert counts.embedding_tokens == asked
    assert counts.cost_embeddings == asked * Decimal("0.02") / 1_000_000
    assert counts.faults == 0


async def test_an_endpoint_that_dies_leaves_every_request_to_the_teacher(
    made: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{USE}._REST_SECONDS", 3600.0)
    async with deciding(made, tmp_path) as (plane, endpoint):
        endpoint.seen.clear()
        endpoint.refusals = [503] * len(FRESH)
        dead = [await ask(plane, text) for text in FRESH]
        deferrals = plane.data_plane.counters.deferrals
        counts = (await plane.evidence()).requests
    assert dead == [(200, "teacher")] * len(FRESH)
    assert deferrals == {Deferral.NO_EMBEDDING: len(FRESH)}
    # No fault of ours that would speak against the surrogate.
    assert (counts.faults, counts.failed) == (0, 0)
    assert len(endpoint.seen) == 3, "it is left alone once it has failed in a row"


async def test_an_endpoint_that_is_back_decides_again(
    made: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{USE}._REST_SECONDS", 0.0)
    async with deciding(made, tmp_path) as (plane, endpoint):
        endpoint.refusals = [503] * 10
        dead = [await ask(plane, text) for text in FRESH[:10]]
        alive = [await ask(plane, text) for text in FRESH]
    assert dead == [(200, "teacher")] * 10
    assert alive.count((200, "surrogate")) > 20


async def test_what_an_endpoint_takes_is_on_no_leg_of_ours(
    made: tuple[Path, str], tmp_path: Path
) -> None:
    async with deciding(made, tmp_path) as (plane, endpoint):
        endpoint.seconds = LONG
        by = [await ask(plane, text) for text in FRESH[:10]]
        legs = plane.data_plane.counters.latencies.by_leg
    ours = legs[LatencyLeg.SURROGATE], legs[LatencyLeg.TEACHER]
    assert {status for status, _ in by} == {200}
    assert sum(each.count for each in ours) == 10
    assert legs[LatencyLeg.EMBEDDING].count == 10
    assert legs[LatencyLeg.EMBEDDING].total > 10 * LONG
    assert sum(each.total for each in ours) < 10 * LONG


async def test_an_endpoint_that_is_slow_leaves_requests_to_the_teacher_in_time(
    made: tuple[Path, str], tmp_path: Path
) -> None:
    async with deciding(made, tmp_path, decision_seconds=0.05) as (plane, endpoint):
        endpoint.hold = threading.Event()
        late = await asyncio.gather(*[ask(plane, text) for text in FRESH])
        endpoint.hold.set()
        counts = plane.data_plane.counters
    assert late == [(200, "teacher")] * len(FRESH)
    assert counts.deferrals[Deferral.SURROGATE_LATE] == len(FRESH)
    assert counts.failed == 0
    assert counts.latencies.by_leg[LatencyLeg.EMBEDDING].count == len(FRESH)


async def test_an_endpoint_is_asked_about_many_questions_at_once(
    made: tuple[Path, str], tmp_path: Path
) -> None:
    async with deciding(made, tmp_path) as (plane, endpoint):
        endpoint.seen.clear()
        endpoint.hold = threading.Event()
        asked = [asyncio.create_task(ask(plane, text)) for text in FRESH]
        await until(lambda: len(endpoint.seen) == len(FRESH))
        endpoint.hold.set()
        by = await asyncio.gather(*asked)
    assert by.count((200, "surrogate")) > 20


async def reasons_until_loaded(
    made: tuple[Path, str], folder: Path, endpoint: Endpoint, *, panics: int = 0
) -> list[str]:
    """Load, reading in a way that panics so often; give the reason before each try."""
    settings = settings_for("http://127.0.0.1:9/v1", folder)
    put_archive(settings)
    loaded, reasons = SurrogateSlot(BUNDLE), list[str]()
    read = Reader(made, endpoint)

    def noting(archive: bytes, into: Path, digest: str) -> LoadedSurrogate:
        reasons.append(loaded.reason or "")
        if len(reasons) <= panics:
            raise PanicException("unreachable code")
        return read(archive, into, digest)

    await BundleLoader(settings, loaded, noting, retry_delay=0.0).run()
    assert loaded.digest == BUNDLE
    return reasons


async def test_a_pod_that_starts_while_the_endpoint_is_down_loads_once_it_is_up(
    made: tuple[Path, str], tmp_path: Path
) -> None:
    with embeddings_endpoint() as endpoint:
        endpoint.refusals = [503, 401]
        reasons = await reasons_until_loaded(made, tmp_path, endpoint)
    said = [reason.partition(": check")[0] for reason in reasons]
    assert said == [
        "not fetched yet",
        f"no embedding from {endpoint.url}: HTTP 503",
        f"no embedding from {endpoint.url}: HTTP 401",
    ]


async def test_a_pod_whose_bundle_makes_a_library_panic_says_so_and_tries_again(
    made: tuple[Path, str], tmp_path: Path
) -> None:
    with embeddings_endpoint() as endpoint:
        reasons = await reasons_until_loaded(made, tmp_path, endpoint, panics=1)
    assert reasons == ["not fetched yet", "PanicException('unreachable code')"]
