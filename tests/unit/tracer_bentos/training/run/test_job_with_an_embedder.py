"""The Job of an attempt with the sentence encoder of a router."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.configuration import configured, traces_in
from support.dask_cluster import open_dask_cluster
from support.embeddings_endpoint import embeddings_endpoint
from support.hidden_bundle import hidden_rows
from support.hidden_topics import hidden_texts, topic_of
from support.onnx_folder import write_onnx_folder
from support.ticket_traces import REQUEST, store_rows
from tracer_bentos.bundle.archive import read_bento
from tracer_bentos.bundle.bundle import BundlePredictor, load_bundle
from tracer_bentos.store import TraceStore, open_store
from tracer_bentos.training.__main__ import main
from tracer_bentos.training.engine.dask_engine import DaskEngine
from tracer_bentos.training.run.job import run_attempt
from tracer_core.contracts import runtime
from tracer_core.contracts.embedder import NamedEmbedder, NamedEndpoint
from tracer_core.contracts.runtime_config import EmbedderConfig, StoreConfig
from tracer_core.contracts.training import AttemptOutcome, AttemptRequest, AttemptResult
from tracer_core.errors import EmbeddingsError, InputError

pytestmark = pytest.mark.slow

ROWS = hidden_rows(600)
FRESH = hidden_texts(100, seed=2)
UNREACHABLE = "http://127.0.0.1:9/v1"


@pytest.fixture
def store(tmp_path: Path) -> TraceStore:
    found = open_store(StoreConfig(url=f"file://{tmp_path}/store"))
    store_rows(found, ROWS)
    return found


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tracer_bentos.surrogate.encoders.endpoint._RETRY_DELAYS", (0.0, 0.0)
    )


def request_with(embedder: NamedEmbedder) -> AttemptRequest:
    return REQUEST.model_copy(update={"embedder": embedder})


def at(url: str) -> NamedEmbedder:
    return NamedEmbedder(endpoint=NamedEndpoint(url=url, model="small"))


@contextmanager
def named(kind: str, folder: Path) -> Iterator[tuple[NamedEmbedder, Path | None]]:
    """Return an encoder of a kind, and its mounted folder."""
    if kind == "onnx":
        texts = [*(row.text for row in ROWS), *FRESH]
        mounted = write_onnx_folder(folder / "onnx", texts)
        yield NamedEmbedder(volume="encoders/minilm"), mounted
    else:
        with embeddings_endpoint() as endpoint:
            yield at(endpoint.url), None


def bundle_of(
    store: TraceStore, result: AttemptResult, scratch: Path
) -> BundlePredictor:
    scratch.mkdir()
    archive = store.read(result.bento_key or "")
    return load_bundle(read_bento(archive, scratch), result.bundle or "")


def test_words_alone_certify_nothing(store: TraceStore) -> None:
    assert run_attempt(store, REQUEST).outcome is AttemptOutcome.REFUSED


@pytest.mark.parametrize("kind", ["onnx", "endpoint"])
def test_an_encoder_of_the_request_is_certified_and_decides(
    store: TraceStore, tmp_path: Path, kind: str
) -> None:
    with named(kind, tmp_path) as (embedder, folder):
        result = run_attempt(store, request_with(embedder), folder=folder)
        predictor = bundle_of(store, result, tmp_path / "scratch")
        predictor.verify_golden()
        decided = [(predictor.decide(text), topic_of(text)) for text in FRESH]
    answered = [(it.label, topic) for it, topic in decided if it.accepted]
    assert result.outcome is AttemptOutcome.CERTIFIED
    assert predictor.costly
    assert len(answered) > 60
    assert sum(label == topic for label, topic in answered) >= 0.9 * len(answered)


@pytest.mark.parametrize("named_by", ["endpoint", "volume"])
def test_an_unusable_encoder_uses_no_attempt(
    store: TraceStore, tmp_path: Path, named_by: str
) -> None:
    (tmp_path / "empty").mkdir()
    before = store.list("")
    if named_by == "endpoint":
        with pytest.raises(EmbeddingsError, match="no embedding from http://127"):
            run_attempt(store, request_with(at(UNREACHABLE)))
    else:
        request = request_with(NamedEmbedder(volume="encoders/minilm"))
        with pytest.raises(InputError, match="volume encoders/minilm: no sentence"):
            run_attempt(store, request, folder=tmp_path / "empty")
        with pytest.raises(InputError, match="encoders/minilm is not mounted"):
            run_attempt(store, request)
    assert store.list("") == before


def test_a_stored_result_is_returned_without_the_endpoint(
    store: TraceStore,
) -> None:
    with embeddings_endpoint() as endpoint:
        request = request_with(at(endpoint.url))
        result = run_attempt(store, request)
    assert run_attempt(store, request) == result


def test_temporary_failures_of_the_endpoint_do_not_end_an_attempt(
    store: TraceStore,
) -> None:
    with embeddings_endpoint() as endpoint:
        endpoint.down_at = frozenset(range(5, 10_000, 7))
        result = run_attempt(store, request_with(at(endpoint.url)))
    assert len(endpoint.seen) > 100
    assert result.outcome is AttemptOutcome.CERTIFIED


def test_a_job_with_an_unreachable_endpoint_exits_with_one(
    store: TraceStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "request.json").write_bytes(request_with(at(UNREACHABLE)).to_json())
    config = configured(traces=traces_in(store.url))
    monkeypatch.setenv(runtime.CONFIG, config[runtime.CONFIG])
    monkeypatch.setenv(runtime.ATTEMPT_FILE, str(tmp_path / "request.json"))
    monkeypatch.setenv("TERMINATION_LOG", str(tmp_path / "message"))
    assert main() == 1
    assert caplog.messages[-1] == (
        "attempt failed: no embedding from http://127.0.0.1:9/v1: NewConnectionError;"
        " check the endpoint, the model 'small' and the key"
    )
    assert not (tmp_path / "message").exists()


def test_a_job_reads_the_mounted_folder(
    store: TraceStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with named("onnx", tmp_path) as (embedder, folder):
        (tmp_path / "request.json").write_bytes(request_with(embedder).to_json())
        config = configured(
            traces=traces_in(store.url), embedder=EmbedderConfig(folder=folder)
        )
        monkeypatch.setenv(runtime.CONFIG, config[runtime.CONFIG])
        monkeypatch.setenv(runtime.ATTEMPT_FILE, str(tmp_path / "request.json"))
        monkeypatch.setenv("TERMINATION_LOG", str(tmp_path / "message"))
        assert main() == 0
    assert b'"outcome":"Certified"' in (tmp_path / "message").read_bytes()


def test_remote_workers_use_the_encoder_and_produce_the_same_bundle(
    store: TraceStore, tmp_path: Path
) -> None:
    with (
        named("onnx", tmp_path) as (embedder, folder),
        open_dask_cluster(workers=2) as cluster,
    ):
        request = request_with(embedder)
        engine = DaskEngine.connect(cluster.address)
        there = run_attempt(store, request, engine, folder)
        engine.close()
        other = open_store(StoreConfig(url=f"file://{tmp_path}/other"))
        store_rows(other, ROWS)
        here = run_attempt(other, request, folder=folder)
    assert there.outcome is AttemptOutcome.CERTIFIED
    assert there.bundle == here.bundle
