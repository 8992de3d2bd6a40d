"""The product in a comparison: one attempt on some rows, evaluated on others."""

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
    """Result of one attempt."""

    learned: TrainingResult
    """A surrogate and its certificate, or a refusal."""
    seconds: float
    """Wall time of the fit, without packaging."""
    cpu_seconds: float
    """CPU time of the fit, all threads."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Decisions of the surrogate on rows that the attempt did not use."""

    labels: NDArray[np.str_]
    """Its answer to each row."""
    accepted: NDArray[np.bool_]
    """Whether the surrogate answers the row."""


def rows_of(
    texts: Iterable[str],
    labels: Iterable[str],
    vectors: NDArray[np.float32] | None = None,
) -> list[Row]:
    """Return traces as rows of an attempt: all in the uniform sample, without times."""
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
    """Run one attempt at a given level, without a ledger.

    The order of the rows is their order in time. Otherwise a hash of the text would
    select the same certify rows in every split, and splits would not be independent.
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
    """Decide rows with the serving code; a refused surrogate answers none."""
    if surrogate is None:
        return Verdicts(np.full(len(rows), ""), np.zeros(len(rows), bool))
    found = [surrogate.decide_sample(row.sample) for row in rows]
    return Verdicts(
        np.array([each.label for each in found]),
        np.array([each.accepted for each in found]),
    )
