"""Pieces on real worker processes: the same results, even if a worker dies."""

import os
import signal
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Timer

import numpy as np
import pytest

from support.dask_cluster import DaskCluster, open_dask_cluster
from support.pieces import fail, kill_process, kill_process_once, return_pid, total
from support.ticket_traces import ticket_rows
from tracer_bentos.bundle.bundle import write_bundle
from tracer_bentos.surrogate.base.sample import FeatureSample
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.rows import select_rows
from tracer_bentos.training.engine.dask_engine import DaskEngine
from tracer_bentos.training.engine.engine import ComputeEngine, LocalEngine
from tracer_bentos.training.fit.training_context import local_training_context
from tracer_bentos.training.run.pipeline import TrainingResult, train
from tracer_cli import main
from tracer_core.errors import EngineError

pytestmark = pytest.mark.slow

PARAMETERS = AttemptParameters(
    attempt=1, target=0.9, confidence=0.95, level=0.025, minimum=300, seed=7
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[DaskCluster]:
    with open_dask_cluster(2) as opened:
        yield opened


@pytest.fixture
def engine(cluster: DaskCluster) -> Iterator[DaskEngine]:
    engine = DaskEngine.connect(cluster.address, timeout=60)
    yield engine
    engine.close()


def attempt(engine: ComputeEngine) -> TrainingResult:
    return train(
        PARAMETERS, select_rows(ticket_rows(900)), local_training_context(engine)
    )


def bundle(result: TrainingResult, folder: Path) -> str:
    assert result.surrogate is not None
    assert result.certificate is not None
    samples = [FeatureSample("hello")]
    return write_bundle(folder, result.surrogate, result.certificate, samples).digest


def test_pieces_run_in_other_processes_and_keep_their_order(
    engine: DaskEngine,
) -> None:
    found = engine.run([partial(return_pid, number) for number in range(20)])
    assert len(set(found)) == 2
    assert os.getpid() not in found
    assert engine.run([partial(pow, 2, n) for n in range(9)]) == [
        2**n for n in range(9)
    ]


def test_a_shared_argument_reaches_all_pieces(engine: DaskEngine) -> None:
    numbers = np.arange(100_000.0)
    pieces = [partial(total, numbers, factor=factor) for factor in range(4)]
    assert engine.run(pieces) == [numbers.sum() * factor for factor in range(4)]


def test_an_attempt_has_the_same_result_as_on_one_machine(
    engine: DaskEngine, tmp_path: Path
) -> None:
    here, there = attempt(LocalEngine()), attempt(engine)
    assert bundle(there, tmp_path / "there") == bundle(here, tmp_path / "here")


def test_an_error_in_a_piece_is_raised_by_the_run(engine: DaskEngine) -> None:
    with pytest.raises(ValueError, match="this piece cannot be computed"):
        engine.run([fail])


def test_a_piece_is_retried_and_fails_if_it_ends_each_worker(
    tmp_path: Path,
) -> None:
    with open_dask_cluster(2) as cluster:
        engine = DaskEngine.connect(cluster.address, timeout=1)
        mark = tmp_path / "mark"
        assert engine.run([partial(kill_process_once, mark)]) == [
            "completed by another process"
        ]
        with pytest.raises(EngineError):
            engine.run([kill_process])
        engine.close()


def test_an_attempt_ends_with_the_same_result_when_a_worker_is_killed(
    tmp_path: Path,
) -> None:
    with open_dask_cluster(2) as cluster:
        engine = DaskEngine.connect(cluster.address)
        killer = Timer(1.0, cluster.kill, [0])
        killer.start()
        there = attempt(engine)
        killer.join()
        assert cluster.workers[0].poll() == -signal.SIGKILL
        assert bundle(there, tmp_path / "there") == bundle(
            attempt(LocalEngine()), tmp_path / "here"
        )
        engine.close()


def test_without_a_worker_the_run_ends_with_an_error() -> None:
    with open_dask_cluster(0) as cluster:
        engine = DaskEngine.connect(cluster.address, timeout=1)
        with pytest.raises(EngineError, match="no Dask worker at tcp://127"):
            engine.run([partial(pow, 2, 3)])
        engine.close()


def test_without_a_scheduler_the_error_names_the_address() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(EngineError, match=f"no Dask scheduler at {address}"):
            DaskEngine.connect(address, timeout=1)


def test_fit_reports_the_address_of_a_missing_scheduler(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    traces = tmp_path / "traces.jsonl"
    traces.write_text('{"input": "hello", "teacher": "greeting"}\n')
    call = ["fit", str(traces), "--target", "90%", "--out", str(tmp_path / "out")]
    assert main([*call, "--dask", "nowhere://at-all"]) == 1
    assert "no Dask scheduler at nowhere://at-all" in capsys.readouterr().err
