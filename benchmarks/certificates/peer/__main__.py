"""Comparison with the published package: same rows, same vectors, same machine.

    TRACER_DATA=FOLDER python -m benchmarks.certificates.peer [--set banking77]
        [--targets .90 .95 .98] [--rows 1000 3000 8000 10003] [--splits 1]
        [--sides WORD ...] [--flat RUNS] [--json FILE]

N rows are traces; all others are the test, which no side uses for training. If N equals
the size of the official training part, the official split is used. The peer is fitted
by its own `fit` and decides by its own router. `--flat` adds flat worlds, in which the
calibration functions of both sides use the same rows.
"""

import argparse
import gzip
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.certificates.peer.environment import PEER, peer_versions
from benchmarks.certificates.peer.flat import FlatOutcome, compare_flat
from benchmarks.certificates.peer.sides import SIDES, Traces

__all__ = ["main"]

SEED = 20261125
LEVEL = 0.05
FLAT = [(0.898, 0.90), (0.948, 0.95)]
FLAT_ROWS = [200, 600, 1600]


@dataclass(frozen=True, slots=True)
class Fit:
    """One side on one split."""

    side: str
    """Name of the side."""
    target: float
    """Target agreement."""
    rows: int
    """Number of traces."""
    split: int
    """Number of the split."""
    coverage: float
    """Share of the test rows that it answers."""
    agreement: float | None
    """Share of the answers that agree with the teacher; None without answers."""
    seconds: float
    """Wall time of the fit."""
    cpu_seconds: float
    """CPU time of the fit."""
    memory_megabytes: float | None
    """Peak resident memory of the fit, if it ran in a separate process."""


def read_set(name: str) -> tuple[Traces, int]:
    """Return all rows of a set with vectors, and the size of its training part."""
    if not os.environ.get("TRACER_DATA"):
        sys.exit("TRACER_DATA must be the folder with the data sets and embeddings/")
    folder = Path(os.environ["TRACER_DATA"])
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    vectors = np.load(folder / "embeddings" / f"{name}.minilm.f16.npy")
    training = np.array([row.get("split") == "train" for row in rows])
    order = np.argsort(~training, kind="stable")
    texts = np.array([row["input"] for row in rows])
    labels = np.array([row["teacher"] for row in rows])
    whole = Traces(texts, labels, vectors.astype(np.float32))
    return whole.taken(order), int(training.sum())


def compare(asked: argparse.Namespace) -> Iterator[Fit]:
    """Yield the result of every side on every split, alternating the sides."""
    whole, official = read_set(asked.set)
    names = [s for s in SIDES if not asked.sides or any(w in s for w in asked.sides)]
    for rows in asked.rows:
        for split in range(asked.splits if rows != official else 1):
            order = np.arange(len(whole.labels))
            # Sets are sorted by label: rows of an official part are shuffled too.
            mixed = slice(0, official if rows == official else None)
            chance = np.random.default_rng([SEED, rows, split])
            order[mixed] = chance.permutation(order[mixed])
            learnt, test = whole.taken(order[:rows]), whole.taken(order[rows:])
            for target in asked.targets:
                for name in names:
                    yield _fit(name, learnt, test, target, split)


def _fit(name: str, learnt: Traces, test: Traces, target: float, split: int) -> Fit:
    found = SIDES[name](learnt, test, target, LEVEL, split)
    agreed = (found.labels == test.labels)[found.accepted]
    return Fit(
        side=name,
        target=target,
        rows=len(learnt.labels),
        split=split,
        coverage=float(found.accepted.mean()),
        agreement=float(agreed.mean()) if len(agreed) else None,
        seconds=found.seconds,
        cpu_seconds=found.cpu_seconds,
        memory_megabytes=found.memory_megabytes,
    )


def main(arguments: list[str]) -> None:
    """Run the comparison, print it, and write the result."""
    asked = _parse(arguments)
    fits: list[Fit] = []
    flat: list[FlatOutcome] = []
    for fit in compare(asked):
        fits.append(fit)
        print(_fit_line(fit), flush=True)
        _write(asked, fits, flat)
    for (truth, target), rows in product(FLAT if asked.flat else (), FLAT_ROWS):
        flat.append(compare_flat(truth, target, rows, asked.flat, SEED))
        print(_flat_line(flat[-1]), flush=True)
        _write(asked, fits, flat)


def _write(asked: argparse.Namespace, fits: list[Fit], flat: list[FlatOutcome]) -> None:
    if not asked.json:
        return
    about = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "set": asked.set,
        "level": LEVEL,
        "peer": [PEER, *peer_versions()],
        "cores": os.cpu_count(),
        # Times on a busy machine are upper bounds; the load states how busy it was.
        "load": round(os.getloadavg()[2], 1),
        "fits": [asdict(each) for each in fits],
        "flat": [asdict(each) for each in flat],
    }
    asked.json.write_text(json.dumps(about, indent=1) + "\n")


def _fit_line(fit: Fit) -> str:
    said = "none answered" if fit.agreement is None else f"{fit.agreement:.4f}"
    return (
        f"N = {fit.rows}, {fit.target:.2f}, split {fit.split}, {fit.side}: coverage"
        f" {fit.coverage:.3f}, agreement {said}, fit {fit.seconds:.1f} s"
        f" ({fit.cpu_seconds:.1f} s of processor)"
    )


def _flat_line(one: FlatOutcome) -> str:
    return (
        f"flat {one.truth} at {one.target}, n = {one.rows}: the peer serves"
        f" {one.peer / one.runs:.3f} ({one.peer_claims / one.runs:.3f} with a bound"
        f" that claims the target), TracerRouter {one.ours / one.runs:.3f}"
    )


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", default="banking77")
    parser.add_argument("--targets", type=float, nargs="*", default=[0.90, 0.95, 0.98])
    parser.add_argument(
        "--rows", type=int, nargs="*", default=[1000, 3000, 8000, 10003]
    )
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument(
        "--sides", nargs="*", help="run only sides that contain one of these words"
    )
    parser.add_argument("--flat", type=int, default=0, help="runs of each flat world")
    parser.add_argument("--json", type=Path, help="file of the result")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
