"""An attempt on several pods, as real processes: the same certificate after kills."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.configuration import configured
from support.indexed_job import IndexedJob, open_job
from support.ticket_traces import REQUEST, store_rows, ticket_rows
from tracer_bentos.store import open_store
from tracer_bentos.training.run.dask_main import main
from tracer_bentos.training.run.job import run_attempt, summarize
from tracer_core.contracts import runtime
from tracer_core.contracts.runtime_config import StoreConfig, TrainingConfig
from tracer_core.contracts.training import AttemptOutcome, TrainingSummary

pytestmark = pytest.mark.slow

ROWS = ticket_rows(600)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> TrainingSummary:
    """Return the summary of one pod for the same traces."""
    folder = tmp_path_factory.mktemp("local")
    store = open_store(StoreConfig(url=f"file://{folder}"))
    store_rows(store, ROWS)
    return summarize(run_attempt(store, REQUEST))


def certificate(summary: TrainingSummary) -> TrainingSummary:
    # A Bento includes its creation time, and the result includes the Bento digest.
    return summary.model_copy(update={"bento": None, "bento_key": None, "result": ""})


@pytest.fixture
def job(tmp_path: Path) -> Iterator[IndexedJob]:
    store_rows(open_store(StoreConfig(url=f"file://{tmp_path}/store")), ROWS)
    with open_job(tmp_path, REQUEST) as opened:
        yield opened


def test_all_pods_succeed_with_the_summary_of_one_pod(
    job: IndexedJob, local: TrainingSummary
) -> None:
    job.start(1, 2)
    job.wait_for_search(1, 2)
    job.start(0)

    assert [job.wait(index) for index in range(3)] == [0, 0, 0]
    assert certificate(job.summary()) == certificate(local)
    assert local.outcome is AttemptOutcome.CERTIFIED


def test_a_killed_worker_is_replaced_and_the_attempt_continues(
    job: IndexedJob, local: TrainingSummary
) -> None:
    job.start(0)
    job.start_and_stop(1)
    job.start(2)
    job.wait_for_workers(2)
    job.send(signal.SIGSTOP, 2)
    job.kill(1)
    job.wait_for_workers(1)
    job.start(1)
    job.wait_for_workers(2)
    job.send(signal.SIGCONT, 2)

    assert [job.wait(index) for index in range(3)] == [0, 0, 0]
    assert certificate(job.summary()) == certificate(local)


def test_workers_wait_for_the_driver_after_a_killed_one(
    job: IndexedJob, local: TrainingSummary
) -> None:
    job.start(0)
    job.start_and_stop(1)
    job.start(2)
    job.wait_for_workers(2)
    job.kill(0)
    job.send(signal.SIGCONT, 1)
    job.start(0)

    assert [job.wait(index) for index in range(3)] == [0, 0, 0]
    assert certificate(job.summary()) == certificate(local)


def test_workers_are_shut_down_after_a_refusal(tmp_path: Path) -> None:
    store = open_store(StoreConfig(url=f"file://{tmp_path}/store"))
    store_rows(store, ticket_rows(100))
    with open_job(tmp_path, REQUEST) as job:
        job.start(1, 2)
        job.wait_for_search(1, 2)
        job.start(0)

        assert [job.wait(index) for index in range(3)] == [0, 0, 0]
        assert job.summary().outcome is AttemptOutcome.REFUSED


def test_a_terminated_pod_ends_with_a_failure_code(
    job: IndexedJob,
) -> None:
    job.start(0)
    job.start_and_stop(1)
    job.send(signal.SIGTERM, 0, 1)
    job.send(signal.SIGCONT, 1)

    assert [job.wait(index) for index in range(2)] == [143, 143]


def test_a_driver_that_cannot_read_its_request_fails_and_keeps_its_workers(
    job: IndexedJob,
) -> None:
    (job.folder / "request.json").write_text("{}")
    job.start(1)
    job.wait_for_search(1)
    job.start(0)

    assert job.wait(0) == 1
    assert job.pods[1].poll() is None


def test_without_the_variables_of_a_job_it_reports_the_cause(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    training = TrainingConfig(scheduler="tcp://127.0.0.1:1", workers=2)
    config = configured(training=training)
    monkeypatch.setenv(runtime.CONFIG, config[runtime.CONFIG])
    monkeypatch.delenv(runtime.COMPLETION_INDEX, raising=False)
    before = signal.getsignal(signal.SIGTERM)

    assert main() == 1

    signal.signal(signal.SIGTERM, before)
    assert "must run in an Indexed Job of the operator" in caplog.text
