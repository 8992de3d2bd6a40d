"""A second attempt under an incumbent: training on rows that are not a uniform sample.

    TRACER_DATA=FOLDER python -m benchmarks.certificates.second_attempt
        [--splits 4] [--first 1500] [--then 7000] [--coin .1]

The first rows pass through, and all of them are labelled. Later rows are labelled if
the first surrogate does not answer them, or if they are in the uniform sample. The
second attempt trains on all labelled rows; on the uniform sample only; on all labelled
rows, with the rows that the first surrogate answers repeated to compensate for missing
labels (weights balanced over the periods, rounded); and, as an upper limit, on all rows
with their labels. All four certify on the same rows, those of the uniform sample.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from benchmarks.certificates.ours import judge, rows_of
from benchmarks.certificates.traces import read_labelled
from tracer_bentos.surrogate.surrogate import Surrogate
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.rows import Row, select_rows
from tracer_bentos.training.fit.training_context import local_training_context
from tracer_bentos.training.run.pipeline import TrainingResult, train

TARGET = 0.95
LEVELS = (0.025, 0.05 / 6 + 0.025 / 3)
"""Levels of the first and the second attempt, about those of the ledger."""
_FIRST = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
_TEST = 3_000


@dataclass(frozen=True, slots=True)
class Periods:
    """The rows before and after the first surrogate went live, with all labels."""

    before: list[Row]
    under: list[Row]
    heads: NDArray[np.bool_]
    """Whether a row after that is in the uniform sample."""
    answered: NDArray[np.bool_]
    """Whether the first surrogate answers a row, for all rows."""

    def labelled(self, told: NDArray[np.bool_]) -> list[Row]:
        """Return all rows; rows under the surrogate are labelled where selected."""
        under = [
            replace(row, uniform=bool(head), label=row.label if known else None)
            for row, head, known in zip(self.under, self.heads, told, strict=True)
        ]
        return [*self.before, *under]

    def as_they_come(self) -> list[Row]:
        """Return all labelled rows."""
        return self.labelled(self.heads | ~self.answered[len(self.before) :])

    def uniform(self) -> list[Row]:
        """Return only the uniform sample."""
        return self.labelled(self.heads)

    def weighted(self) -> list[Row]:
        """Return all labelled rows; answered rows are repeated to compensate."""
        labelled = len(self.before) + self.heads.mean() * len(self.under)
        copies = round((len(self.before) + len(self.under)) / labelled) - 1
        found: list[Row] = []
        for row, answered in zip(self.as_they_come(), self.answered, strict=True):
            found.append(row)
            if answered and row.label is not None and row.time is not None:
                found += [
                    replace(
                        row, uniform=False, time=row.time + timedelta(microseconds=at)
                    )
                    for at in range(1, copies + 1)
                ]
        return found

    def everything(self) -> list[Row]:
        """Return all rows with all labels, which no router has."""
        return self.labelled(np.ones(len(self.under), bool))


WAYS: dict[str, Callable[[Periods], list[Row]]] = {
    "as they come": Periods.as_they_come,
    "uniform sample": Periods.uniform,
    "weighted": Periods.weighted,
    "every label": Periods.everything,
}


def main() -> None:
    """Run the benchmark and print the table."""
    asked = _parse()
    held = read_labelled("banking77", vectors=False)
    rows = rows_of(held.texts, held.labels)
    found = []
    for split in range(asked.splits):
        found.append(run_split(rows, split, asked))
        print(split, _said(found[-1]), flush=True)
    means = {
        name: (float(coverage), float(agreement))
        for name in WAYS
        for coverage, agreement in [np.mean([each[name] for each in found], axis=0)]
    }
    print("mean", _said(means))


def run_split(
    rows: Sequence[Row], split: int, asked: argparse.Namespace
) -> dict[str, tuple[float, float]]:
    """Return coverage and agreement of a second attempt for each selection."""
    chance = np.random.default_rng([7, split])
    order = chance.permutation(len(rows))
    timed = [
        replace(rows[row], time=_FIRST + timedelta(seconds=10 * at))
        for at, row in enumerate(order[: asked.first + asked.then])
    ]
    before, under = timed[: asked.first], timed[asked.first :]
    rest = [rows[row] for row in order[-_TEST:]]
    first = _fit(before, 1, split, None)
    answered = judge(first.surrogate, timed).accepted
    heads = chance.random(len(under)) < asked.coin
    periods = Periods(before, under, heads, answered)
    return {
        name: _judged(_fit(way(periods), 2, split, before[-1].time).surrogate, rest)
        for name, way in WAYS.items()
    }


def _fit(
    rows: list[Row], number: int, seed: int, after: datetime | None
) -> TrainingResult:
    question = AttemptParameters(
        attempt=number,
        target=TARGET,
        confidence=0.95,
        level=LEVELS[number - 1],
        minimum=100,
        seed=seed,
        after=after,
    )
    return train(question, select_rows(rows), local_training_context())


def _judged(surrogate: Surrogate | None, rest: Sequence[Row]) -> tuple[float, float]:
    verdicts = judge(surrogate, rest)
    right = verdicts.labels == np.array([row.label for row in rest])
    taken = verdicts.accepted
    return float(taken.mean()), float(right[taken].mean()) if taken.any() else 1.0


def _said(found: dict[str, tuple[float, float]]) -> str:
    return ", ".join(f"{name}: {c:.3f} ({a:.4f})" for name, (c, a) in found.items())


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=4)
    parser.add_argument("--first", type=int, default=1_500)
    parser.add_argument("--then", type=int, default=7_000)
    parser.add_argument("--coin", type=float, default=0.1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
