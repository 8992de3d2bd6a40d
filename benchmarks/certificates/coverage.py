"""Certified coverage on real sets, and true agreement on rows that were not read.

    TRACER_DATA=FOLDER python -m benchmarks.certificates.coverage [--splits 30]
        [--only WORD ...] [--workers 2] [--json FILE]

For every case, N random rows are traces, and up to 4,000 of the others are the test.
Each split is a separate attempt at level .05. In addition: the growth curve, the
answers to unknown topics (CLINC150), and the set that must be refused (SNLI).
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.certificates.cases import CASES, FLYWHEEL, Case
from benchmarks.certificates.ours import attempt, judge, rows_of
from benchmarks.certificates.traces import Labelled, read_labelled
from tracer_bentos.surrogate.surrogate import Surrogate
from tracer_bentos.training.data.rows import Row

SEED = 20261125
LEVEL = 0.05
_MOST_TEST = 4_000


@dataclass(frozen=True, slots=True)
class Split:
    """One attempt."""

    case: Case
    """The claim."""
    number: int
    """Number of the split."""
    coverage: float
    """Share of the test rows that the surrogate answers."""
    agreement: float | None
    """Share of the answers that agree with the teacher; None if refused."""
    oracle: float
    """Maximum coverage of the same scores at the target, with all labels known."""
    curve: tuple[float, ...]
    """Agreement of the best-scored hundredths of the test rows, from 1 to 100."""
    seconds: float
    """Wall time of the fit."""
    reason: str
    """Outcome of the attempt."""


@cache
def _rows(data: str, vectors: bool) -> tuple[Labelled, list[Row]]:
    held = read_labelled(data, vectors=vectors)
    return held, rows_of(held.texts, held.labels, held.vectors)


def run_split(case: Case, number: int) -> Split:
    """Run one attempt and evaluate it on the test rows."""
    _, rows = _rows(case.data, case.vectors)
    order = np.random.default_rng([SEED, number]).permutation(len(rows))
    learnt = [rows[i] for i in order[: case.rows]]
    rest = [rows[i] for i in order[case.rows :][:_MOST_TEST]]
    made = attempt(learnt, case.target, LEVEL, number)
    verdicts = judge(made.learned.surrogate, rest)
    agreed = verdicts.labels == np.array([row.label for row in rest])
    taken = verdicts.accepted
    curve = _curve(made.learned.surrogate, rest, agreed)
    return Split(
        case=case,
        number=number,
        coverage=float(taken.mean()),
        agreement=float(agreed[taken].mean()) if taken.any() else None,
        oracle=_reached(curve, case.target),
        curve=tuple(curve[_hundredths(len(curve))].tolist()),
        seconds=made.seconds,
        reason=made.learned.reason,
    )


def _curve(
    surrogate: Surrogate | None, rest: Sequence[Row], agreed: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the agreement of the best-scored rows by their number; None if refused."""
    if surrogate is None:
        return np.zeros(len(rest))
    scores = np.array(
        [found.score for found in surrogate.decide_stages([row.sample for row in rest])]
    )
    order = np.argsort(-scores, kind="stable")
    return np.asarray(np.cumsum(agreed[order]) / np.arange(1, len(order) + 1))


def _reached(curve: NDArray[np.float64], target: float) -> float:
    reached = np.flatnonzero(curve >= target)
    return float((reached[-1] + 1) / len(curve)) if len(reached) else 0.0


def _hundredths(rows: int) -> NDArray[np.intp]:
    return np.ceil(np.arange(1, 101) * rows / 100).astype(np.intp) - 1


def pooled_oracle(splits: Sequence[Split], target: float) -> float:
    """Return the maximum coverage at which all splits together reach the agreement.

    The maximum of a single split selects the most favorable threshold of its own test
    rows, so it is too high.
    """
    return _reached(np.mean([each.curve for each in splits], axis=0), target)


def run_flywheel(number: int) -> list[tuple[int, float, float | None]]:
    """Return coverage and agreement for growing numbers of the same traces."""
    found = []
    for rows in FLYWHEEL:
        case = Case("banking77", rows, 0.95, vectors=True)
        done = run_split(case, number)
        found.append((rows, done.coverage, done.agreement))
    return found


def run_unseen(target: float) -> dict[str, object]:
    """Train on in-scope rows of CLINC150 and test on out-of-scope topics."""
    held, rows = _rows("clinc150_oos", vectors=True)
    outside = held.labels == "oos"
    learnt = np.flatnonzero((held.splits == "train") & ~outside)
    known = np.flatnonzero((held.splits == "test") & ~outside)
    unseen = np.flatnonzero((held.splits == "test") & outside)
    order = np.random.default_rng(SEED).permutation(learnt)
    made = attempt([rows[i] for i in order], target, LEVEL, 1)
    inside = judge(made.learned.surrogate, [rows[i] for i in known])
    odd = judge(made.learned.surrogate, [rows[i] for i in unseen])
    right = inside.labels == held.labels[known]
    return {
        "trained on": len(learnt),
        "coverage in scope": float(inside.accepted.mean()),
        "agreement in scope": float(right[inside.accepted].mean()),
        "never seen, answered": int(odd.accepted.sum()),
        "of": len(unseen),
        "fit seconds": made.seconds,
        "reason": made.learned.reason,
    }


def run_with_outside(target: float) -> dict[str, object]:
    """Train with out-of-scope rows among the traces, with the label out-of-scope."""
    held, rows = _rows("clinc150_oos", vectors=True)
    learnt = np.flatnonzero(held.splits != "test")
    unseen = np.flatnonzero((held.splits == "test") & (held.labels == "oos"))
    order = np.random.default_rng(SEED).permutation(learnt)
    made = attempt([rows[i] for i in order], target, LEVEL, 1)
    odd = judge(made.learned.surrogate, [rows[i] for i in unseen])
    return {
        "trained on": len(learnt),
        "out of scope, answered with an in-scope label": int(
            (odd.accepted & (odd.labels != "oos")).sum()
        ),
        "of": len(unseen),
        "reason": made.learned.reason,
    }


def run_refusal(target: float) -> dict[str, object]:
    """Train on a task that words and sentences alone cannot decide."""
    _, rows = _rows("snli_dev", vectors=True)
    order = np.random.default_rng(SEED).permutation(len(rows))
    made = attempt([rows[i] for i in order[:6_000]], target, LEVEL, 1)
    refused = made.learned.certificate is None
    return {"target": target, "refused": refused, "reason": made.learned.reason}


def table_of(splits: Sequence[Split]) -> Iterator[str]:
    """Return the table."""
    yield (
        "| set | N | target | vectors | coverage (bar) | oracle | of all splits"
        " | agreement | below | refused | fit s |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for case in dict.fromkeys(each.case for each in splits):
        same = [each for each in splits if each.case == case]
        true = [each.agreement for each in same if each.agreement is not None]
        bar = f" ({case.reach})" if case.reach else ""
        below = sum(each < case.target for each in true)
        mean = f"{np.mean(true):.4f}" if true else ""
        yield (
            f"| {case.data} | {case.rows:,} | {case.target} |"
            f" {'MiniLM' if case.vectors else 'none'} |"
            f" {np.mean([each.coverage for each in same]):.3f}{bar} |"
            f" {np.mean([each.oracle for each in same]):.3f} |"
            f" {pooled_oracle(same, case.target):.3f} | {mean} |"
            f" {below} of {len(same)} | {len(same) - len(true)} |"
            f" {np.mean([each.seconds for each in same]):.1f} |"
        )


def main(arguments: Sequence[str]) -> None:
    """Run the cases, print the table, and write the result."""
    asked = _parse(arguments)
    chosen = [case for case in CASES if _is_asked(str(case), asked.only)]
    jobs = [(case, number) for case in chosen for number in range(asked.splits)]
    with ProcessPoolExecutor(asked.workers) as pool:
        splits = list(pool.map(run_split, *zip(*jobs, strict=True))) if jobs else []
        others = _run_others(pool, asked)
    print("\n".join(table_of(splits)))
    print(json.dumps(others, indent=1))
    if asked.json:
        about = {
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "level": LEVEL,
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[2], 1),
            "splits": [asdict(each) for each in splits],
            **others,
        }
        asked.json.write_text(json.dumps(about, indent=1) + "\n")


def _run_others(
    pool: ProcessPoolExecutor, asked: argparse.Namespace
) -> dict[str, object]:
    work = {
        "flywheel": (run_flywheel, range(asked.flywheel)),
        "unseen": (run_unseen, (0.95,)),
        "outside": (run_with_outside, (0.95,)),
        "refusal": (run_refusal, (0.90,)),
    }
    return {
        name: list(pool.map(function, terms))
        for name, (function, terms) in work.items()
        if _is_asked(name, asked.only)
    }


def _is_asked(name: str, words: Sequence[str] | None) -> bool:
    return not words or any(word in name for word in words)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=30)
    parser.add_argument(
        "--flywheel", type=int, default=5, help="number of growth curves"
    )
    parser.add_argument(
        "--only",
        nargs="*",
        help="run only cases and parts that contain one of these words",
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="file of the result")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
