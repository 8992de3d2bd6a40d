"""Certified coverage on the recorded questions, and true agreement on untouched rows.

Uses seeded splits of the data of the demo: N rows are traces, and the attempt does not
read the others. Prints one line for each target and N.

    python benchmarks/certified_coverage.py [SPLITS]
"""

import random
import sys
import time
from statistics import mean

from examples.recorded_teacher.recordings import read_recordings
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.rows import build_row, select_rows
from tracer_bentos.training.fit.training_context import local_training_context
from tracer_bentos.training.run.pipeline import train
from tracer_core.contracts.traces import TraceRecord

TARGETS = (0.85, 0.9, 0.95)
SIZES = (1500, 3000, 6000)
LEVEL = 0.025


def run(target: float, size: int, seed: int) -> tuple[float, float | None, float]:
    """Return true coverage, true agreement (None if refused), and seconds of a fit."""
    pairs = [(found.text, found.label) for found in read_recordings().values()]
    random.Random(seed).shuffle(pairs)  # noqa: S311 - a split, not a secret
    rows = (
        build_row(TraceRecord(input=text, teacher=label), None, unmarked=True)
        for text, label in pairs[:size]
    )
    question = AttemptParameters(
        attempt=1, target=target, confidence=0.95, level=LEVEL, minimum=100, seed=seed
    )
    began = time.perf_counter()
    learned = train(question, select_rows(rows), local_training_context())
    seconds = time.perf_counter() - began
    if learned.surrogate is None:
        return 0.0, None, seconds
    rest = pairs[size : size + 3000]
    found = [learned.surrogate.decide(text) for text, _ in rest]
    answered = [
        one.label == label
        for one, (_, label) in zip(found, rest, strict=True)
        if one.accepted
    ]
    return len(answered) / len(rest), mean(answered), seconds


def main(splits: int) -> None:
    """Print the table."""
    print("target     N  coverage  agreement  below  refused  fit s")
    for target in TARGETS:
        for size in SIZES:
            found = [run(target, size, seed) for seed in range(splits)]
            true = [agreement for _, agreement, _ in found if agreement is not None]
            below = sum(agreement < target for agreement in true)
            coverage = mean(coverage for coverage, _, _ in found)
            agreement = mean(true) if true else float("nan")
            fit = mean(seconds for _, _, seconds in found)
            print(
                f"{target:6.2f} {size:5d}  {coverage:8.3f}  {agreement:9.4f}"
                f"  {below:5d}  {splits - len(true):7d}  {fit:5.1f}"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
