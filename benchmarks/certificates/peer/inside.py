"""Runs in the environment of the peer: its fit, router, and calibration, unmodified.

`sides` and `flat` start it as a program. It imports nothing of this repository. Its
first argument is the task; the others are files.
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tracer import FitConfig, load_router
from tracer.api import fit
from tracer.fit.pipeline import _calibrate_threshold

BINARY_MEGABYTE = 1024


def fit_and_route(problem: Path, answer: Path) -> None:
    """Fit on the traces and route the test rows with the router of the peer."""
    given = np.load(problem)
    terms = json.loads(str(given["terms"]))
    with tempfile.TemporaryDirectory() as folder:
        traces = Path(folder) / "traces.jsonl"
        pairs = zip(given["texts"].tolist(), given["labels"].tolist(), strict=True)
        traces.write_text(
            "".join(json.dumps({"input": t, "teacher": y}) + "\n" for t, y in pairs)
        )
        config = FitConfig(
            target_teacher_agreement=terms["target"],
            # Its default tries three more targets; only the requested target is timed.
            frontier_targets=(terms["target"],),
            seed=terms["seed"],
            skip_candidates=tuple(terms["skip"]),
            verbose=False,
        )
        began, worked = time.perf_counter(), time.process_time()
        result = fit(traces, Path(folder) / "policy", given["vectors"], config)
        seconds = time.perf_counter() - began
        cpu = time.process_time() - worked
        labels, accepted = _route(
            Path(folder) / "policy", result, given["test_vectors"]
        )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / BINARY_MEGABYTE
    np.savez(
        answer,
        labels=labels,
        accepted=accepted,
        seconds=seconds,
        cpu=cpu,
        memory=memory,
    )


def _route(
    folder: Path, result: Any, vectors: NDArray[np.float32]
) -> tuple[NDArray[np.str_], NDArray[np.bool_]]:
    if result.manifest.selected_method is None:
        return np.full(len(vectors), ""), np.zeros(len(vectors), bool)
    routed = load_router(folder).predict_batch(vectors)
    return np.array([label or "" for label in routed["labels"]]), routed["handled"]


def calibrate(worlds: Path, answer: Path) -> None:
    """Calibrate on every world with the defaults of the function."""
    given = np.load(worlds)
    target = float(given["target"])
    deployed, claimed = [], []
    for scores, labels, agreed in zip(
        given["scores"], given["labels"], given["agreed"], strict=True
    ):
        answers = np.where(agreed, labels, (labels + 1) % 10)
        found = _calibrate_threshold(scores, answers, labels, target)
        deployed.append(found is not None)
        claimed.append(found["teacher_agreement_lower"] if found else np.nan)
    np.savez(answer, deployed=deployed, claimed=claimed)


if __name__ == "__main__":
    what, source, sink = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    {"fit": fit_and_route, "calibrate": calibrate}[what](source, sink)
