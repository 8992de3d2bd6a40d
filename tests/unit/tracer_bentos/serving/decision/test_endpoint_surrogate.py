"""A surrogate with an embeddings endpoint: working, down, slow, and recovered."""

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
from tracer_bentos.serving.decision.surrogate_slot import SurrogateSlot
from tracer_bentos.serving.records import Deferral
from tracer_bentos.serving.server.bundle_loader import BundleLoader
from tracer_bentos.serving.telemetry.latency import LatencyLeg
from tracer_bentos.surrogate.encoders.endpoint import EndpointEncoder
from tracer_bentos.surrogate.kernel_ridge import KernelRidge
from tracer_core.contracts.evidence import SLOW_SECONDS

pytestmark = pytest.mark.slow

FRESH = hidden_texts(40, seed=2)
SLOW = 2 * SLOW_SECONDS
USE = "tracer_bentos.surrogate.encoders.endpoint_client"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the folder and digest of a bundle whose surrogate uses an endpoint."""
    folder = tmp_path_factory.mktemp("bundle") / "bundle"
    with embeddings_endpoint() as endpoint:
        manifest = hidden_bundle(folder, EndpointEncoder(endpoint.url, "small"))
    return folder, manifest.digest


class Reader:
    """Reads the bundle and replaces the URL of its endpoint."""

    def __init__(self, made: tuple[Path, str], endpoint: Endpoint) -> None:
        self._folder, self._digest = made
        self._url = endpoint.url

    def __call__(self, archive: bytes, into: Path, digest: str) -> LoadedSurrogate:
        del archive, into, digest
        found = load_bundle(self._folder, self._digest)
        experts = tuple(
            replace(expert, encoder=EndpointEncoder(self._url, "small"))
            if isinstance(expert, KernelRidge)
            and isinstance(expert.encoder, EndpointEncoder)
            else expert
            for expert in found.surrogate.experts
        )
        moved = replace(found, surrogate=replace(found.surrogate, experts=experts))
        moved.verify_golden()
        return moved


async def ask(plane: Plane, text: str) -> tuple[int, str]:
    """Return the status of the answer and its source."""
    address = f"{plane.url}/v1/chat/completions"
    async with plane.http.post(address, json=chat_about(text)) as response:
        await response.read()
        return response.status, response.headers.get("x-tracer-decision", "teacher")


@asynccontextmanager
async def deciding(
    made: tuple[Path, str], folder: Path, **settings: Any
) -> AsyncIterator[tuple[Plane, Endpoint]]:
    """Run a plane whose surrogate uses an endpoint; yield both.

    The teacher answers with the topics, as in the traces.
    """
    options = {"access": ANYBODY, "decision_seconds": 60.0, **settings}
    with embeddings_endpoint() as endpoint:
        async with (
            teaching(Teacher(label=topic_of)) as teacher,
            serving(teacher.url, folder, Reader(made, endpoint), **options) as plane,
        ):
            await until(lambda: plane.data_plane.surrogate_slot.digest == BUNDLE)
            await plane.push(policy_for(task_of(chat_about("anything")), audit=0))
            yield plane, endpoint


async def test_the_surrogate_uses_the_endpoint_and_counts_its_cost(
    made: tuple[Path, str], tmp_path: Path
) -> None:
    async with deciding(made, tmp_path, embeddings_price=Decimal("0.02")) as (
        plane,
        endpoint,
    ):
        by = [await ask(plane, text) for text in FRESH]
        counts = (await plane.evidence()).requests
        tokens = sum(len(text.split()) for e in endpoint.seen for text in e["input"])
    assert by.count((200, "surrogate")) > 20
    assert counts.embedding_tokens == tokens
    assert counts.cost_embeddings == tokens * Decimal("0.02") / 1_000_000
    assert counts.faults == 0


async def test_the_teacher_answers_while_the_endpoint_is_down(
    made: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{USE}._PAUSE_SECONDS", 3600.0)
    async with deciding(made, tmp_path) as (plane, endpoint):
        endpoint.seen.clear()
        endpoint.refusals = [503] * len(FRESH)
        dead = [await ask(plane, text) for text in FRESH]
        deferrals = plane.data_plane.counters.deferrals
        counts = (await plane.evidence()).requests
    assert dead == [(200, "teacher")] * len(FRESH)
    assert deferrals == {Deferral.NO_EMBEDDING: len(FRESH)}
    # A failure of the endpoint does not count against the surrogate.
    assert (counts.faults, counts.failed) == (0, 0)
    assert len(endpoint.seen) == 3, "the breaker opens after consecutive failures"


async def test_the_surrogate_answers_again_after_the_endpoint_recovers(
    made: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{USE}._PAUSE_SECONDS", 0.0)
    async with deciding(made, tmp_path) as (plane, endpoint):
        endpoint.refusals = [503] * 10
        dead = [await ask(plane, text) for text in FRESH[:10]]
        alive = [await ask(plane, text) for text in FRESH]
    assert dead == [(200, "teacher")] * 10
    assert alive.count((200, "surrogate")) > 20


async def test_the_legs_of_the_router_exclude_the_time_of_the_endpoint(
    made: tuple[Path, str], tmp_path: Path
) -> None:
    async with deciding(made, tmp_path) as (plane, endpoint):
        endpoint.seconds = SLOW
        by = [await ask(plane, text) for text in FRESH[:10]]
        legs = plane.data_plane.counters.latencies.by_leg
    own = legs[LatencyLeg.SURROGATE], legs[LatencyLeg.TEACHER]
    assert {status for status, _ in by} == {200}
    assert sum(leg.count for leg in own) == 10
    assert legs[LatencyLeg.EMBEDDING].count == 10
    assert legs[LatencyLeg.EMBEDDING].total > 10 * SLOW
    assert sum(leg.total for leg in own) < 10 * SLOW


async def test_the_teacher_answers_if_the_endpoint_exceeds_the_timeout(
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


async def test_the_endpoint_is_called_concurrently(
    made: tuple[Path, str], tmp_path: Path
) -> None:
    async with deciding(made, tmp_path) as (plane, endpoint):
        endpoint.seen.clear()
        endpoint.hold = threading.Event()
        answers = [asyncio.create_task(ask(plane, text)) for text in FRESH]
        await until(lambda: len(endpoint.seen) == len(FRESH))
        endpoint.hold.set()
        by = await asyncio.gather(*answers)
    assert by.count((200, "surrogate")) > 20


async def reasons_until_loaded(
    made: tuple[Path, str], folder: Path, endpoint: Endpoint, *, panics: int = 0
) -> list[str]:
    """Load with a number of panics; return the reason before each attempt."""
    settings = settings_for("http://127.0.0.1:9/v1", folder)
    put_archive(settings)
    loaded, reasons = SurrogateSlot(BUNDLE), list[str]()
    read = Reader(made, endpoint)

    def read_and_record(archive: bytes, into: Path, digest: str) -> LoadedSurrogate:
        reasons.append(loaded.reason or "")
        if len(reasons) <= panics:
            raise PanicException("unreachable code")
        return read(archive, into, digest)

    await BundleLoader(settings, loaded, read_and_record, retry_delay=0.0).run()
    assert loaded.digest == BUNDLE
    return reasons


async def test_a_pod_loads_the_bundle_after_the_endpoint_recovers(
    made: tuple[Path, str], tmp_path: Path
) -> None:
    with embeddings_endpoint() as endpoint:
        endpoint.refusals = [503, 401]
        reasons = await reasons_until_loaded(made, tmp_path, endpoint)
    causes = [reason.partition("; check")[0] for reason in reasons]
    assert causes == [
        "not fetched yet",
        f"no embedding from {endpoint.url}: HTTP 503",
        f"no embedding from {endpoint.url}: HTTP 401",
    ]


async def test_a_pod_reports_a_panic_of_a_library_and_retries(
    made: tuple[Path, str], tmp_path: Path
) -> None:
    with embeddings_endpoint() as endpoint:
        reasons = await reasons_until_loaded(made, tmp_path, endpoint, panics=1)
    assert reasons == ["not fetched yet", "PanicException('unreachable code')"]
