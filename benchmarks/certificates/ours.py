"""The product's side of a comparison: one attempt on rows, judged on others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import perf_counter, process_time

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.surrogate import Surrogate
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.rows import Row, select_rows
from tracer_bentos.training.fit.training_context import local_training_context
from tracer_bentos.training.run.pipeline import TrainingResult, train

__all__ = ["Attempt", "Verdicts", "attempt", "judge", "rows_of"]

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one attempt."""

    learned: TrainingResult
    """A surrogate and its certificate, or a refusal."""
    seconds: float
    """Wall time of the fit, packaging not included."""
    cpu_seconds: float
    """Processor time of the fit, of all its threads."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What the surrogate does with rows that the attempt has never seen."""

    labels: NDArray[np.str_]
    """Its answer to each."""
    accepted: NDArray[np.bool_]
    """Whether it gives that answer."""


def rows_of(
    texts: Iterable[str],
    labels: Iterable[str],
    vectors: NDArray[np.float32] | None = None,
) -> list[Row]:
    """Give traces as an attempt takes them: all of the uniform sample, no times."""
    return [
        Row(
            text=str(text),
            label=str(label),
            task="unnamed",
            time=None,
            session=None,
            uniform=True,
            model=None,
            vector=None if vectors is None else vectors[at],
        )
        for at, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]


def attempt(rows: Sequence[Row], target: float, level: float, seed: int) -> Attempt:
    """Make one attempt at a level that is given, not taken from a ledger.

    The order given is the order in time: else a hash of the text would decide which
    rows certify, the same in every split, and splits would not be independent.
    """
    first = rows[0].vector
    means = local_training_context(dimensions=None if first is None else len(first))
    question = AttemptParameters(
        attempt=1,
        target=target,
        confidence=0.95,
        level=level,
        minimum=100,
        seed=seed,
    )
    began, worked = perf_counter(), process_time()
    timed = [
        replace(row, time=_FIRST + timedelta(seconds=at)) for at, row in enumerate(rows)
    ]
    learned = train(question, select_rows(timed), means)
    return Attempt(learned, perf_counter() - began, process_time() - worked)


def judge(surrogate: Surrogate | None, rows: Sequence[Row]) -> Verdicts:
    """Decide rows with the served code; a refusal answers none."""
    if surrogate is None:
        return Verdicts(np.full(len(rows), ""), np.zeros(len(rows), bool))
    found = [surrogate.decide_sample(row.sample) for row in rows]
    return Verdicts(
        np.array([each.label for each in found]),
        np.array([each.accepted for each in found]),
    )
