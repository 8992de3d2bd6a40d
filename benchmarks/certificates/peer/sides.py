"""The compared sides: all train on the same traces and decide the same test rows.

A side is one function. The product is one entry of `SIDES`, as the others.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import (  # type: ignore[import-untyped] # publishes no types
    threadpool_limits,
)

from benchmarks.certificates.ours import attempt, judge, rows_of
from benchmarks.certificates.peer.environment import peer_python
from tracer_core.stats.binomial import p_value
from tracer_core.stats.certificate.fixed_sequence import Chain, ChainCounts, run_chain

__all__ = ["SIDES", "Decisions", "Side", "Traces", "run_inside"]

INSIDE = Path(__file__).with_name("inside.py")
SLOW = ("dt", "rf", "et", "gbt")
"""Tree models of the peer. Where they were tried, they took a multiple of the time,
and another model was selected."""
_STEPS = 100


@dataclass(frozen=True, slots=True)
class Traces:
    """Rows of a data set in the order of their use."""

    texts: NDArray[np.str_]
    """The inputs."""
    labels: NDArray[np.str_]
    """The labels of the teacher."""
    vectors: NDArray[np.float32]
    """The embeddings of the inputs, the same for all sides."""

    def taken(self, rows: NDArray[np.intp]) -> "Traces":
        """Return a selection of the rows."""
        return Traces(self.texts[rows], self.labels[rows], self.vectors[rows])


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions of a side on the test rows."""

    labels: NDArray[np.str_]
    """The answer to each row; arbitrary if not accepted."""
    accepted: NDArray[np.bool_]
    """Whether the side answers the row."""
    seconds: float
    """Wall time of the fit."""
    cpu_seconds: float
    """CPU time of the fit, which does not depend on the load of the machine."""
    memory_megabytes: float | None = None
    """Peak resident memory, if the fit ran in a separate process."""


Side = Callable[[Traces, Traces, float, float, int], Decisions]
"""fit(rows, test rows, target, level, seed); must not read the labels of the test."""


def fit_peer(
    rows: Traces, test: Traces, target: float, _level: float, seed: int
) -> Decisions:
    """Fit and route with the peer in its environment; its level is fixed."""
    terms = json.dumps({"target": target, "seed": seed, "skip": SLOW})
    found = run_inside(
        "fit",
        terms=terms,
        texts=rows.texts,
        labels=rows.labels,
        vectors=rows.vectors,
        test_vectors=test.vectors,
    )
    return Decisions(
        labels=found["labels"].astype(np.str_),
        accepted=found["accepted"].astype(bool),
        seconds=float(found["seconds"]),
        cpu_seconds=float(found["cpu"]),
        memory_megabytes=float(found["memory"]),
    )


def fit_ours(
    rows: Traces, test: Traces, target: float, level: float, seed: int
) -> Decisions:
    """Run one attempt of the product on the same rows and vectors."""
    learnt = rows_of(list(rows.texts), list(rows.labels), rows.vectors)
    made = attempt(learnt, target, level, seed)
    asked = rows_of(list(test.texts), [""] * len(test.texts), test.vectors)
    verdicts = judge(made.learned.surrogate, asked)
    return Decisions(verdicts.labels, verdicts.accepted, made.seconds, made.cpu_seconds)


def fit_plain(
    rows: Traces, test: Traces, target: float, level: float, seed: int
) -> Decisions:
    """Fit a simple but valid procedure, the baseline for improvements.

    Logistic regression with the largest probability as score, thresholds and chain from
    13% of the rows, and fixed-sequence tests on another 27%.
    """
    began, worked = time.perf_counter(), time.process_time()
    order = np.random.default_rng(seed).permutation(len(rows.labels))
    train, tune, certify = np.split(
        order, [int(0.60 * len(order)), int(0.73 * len(order))]
    )
    with threadpool_limits(limits=1):
        model = LogisticRegression(C=30.0, max_iter=2_000)
        model.fit(rows.vectors[train], rows.labels[train])
        held, certified, served = (
            model.predict_proba(vectors)
            for vectors in (rows.vectors[tune], rows.vectors[certify], test.vectors)
        )
    classes = model.classes_
    thresholds = np.quantile(held.max(axis=1), np.linspace(1, 0, _STEPS + 1)[1:])
    chain = _chain(
        _counts(held, classes, rows.labels[tune], thresholds), len(certify), target
    )
    family = _counts(certified, classes, rows.labels[certify], thresholds)
    passed = run_chain(family, chain, target, level).passed
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    trusted = served.max(axis=1) >= (np.inf if passed is None else thresholds[passed])
    return Decisions(classes[served.argmax(axis=1)], trusted, seconds, cpu)


def run_inside(what: str, **arrays: object) -> dict[str, NDArray[np.generic]]:
    """Run one task on arrays in the environment of the peer and return its arrays."""
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "given.npz", Path(folder) / "answer.npz"
        np.savez(given, **arrays)  # type: ignore[arg-type] # arrays and array-like values
        command = [str(each) for each in (peer_python(), INSIDE, what, given, answer)]
        subprocess.run(command, check=True)  # noqa: S603 - a program of this benchmark
        with np.load(answer) as found:
            return dict(found)


def _counts(
    chances: NDArray[np.float64],
    classes: NDArray[np.str_],
    labels: NDArray[np.str_],
    thresholds: NDArray[np.float64],
) -> list[ChainCounts]:
    scores, agreed = chances.max(axis=1), classes[chances.argmax(axis=1)] == labels
    taken = scores[None, :] >= thresholds[:, None]
    pairs = zip((taken & agreed).sum(axis=1), taken.sum(axis=1), strict=True)
    return [ChainCounts(int(k), int(n)) for k, n in pairs]


def _chain(tuned: list[ChainCounts], certify: int, target: float) -> Chain:
    rows = max(counts.rows for counts in tuned)
    # The smallest p-value, if the certify rows have the rates of the tuning rows.
    scale = certify / rows
    values = [
        p_value(round(c.agreed * scale), round(c.rows * scale), target) for c in tuned
    ]
    return Chain(int(np.argmin(values)), len(tuned) - 1)


SIDES: dict[str, Side] = {
    "TracerRouter": fit_ours,
    "tracer-llm 0.3.3": fit_peer,
    "plain, valid": fit_plain,
}
