"""A real surrogate for the benchmark, and texts that it answers or defers.

The stub teacher has one answer for all texts, so the texts for the surrogate have that
label. Otherwise every audit would disagree, and the circuit breaker would open.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.dataplane.stub import LABEL
from examples.recorded_teacher.recordings import read_recordings
from tracer_bentos.bundle.bundle import write_bundle
from tracer_bentos.surrogate.surrogate import Surrogate
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.rows import build_row, select_rows
from tracer_bentos.training.fit.golden import golden_samples
from tracer_bentos.training.fit.training_context import local_training_context
from tracer_bentos.training.run.pipeline import train
from tracer_core.contracts.traces import TraceRecord

PROMPT = "Name the intent of the customer's message. Answer with the label only."
MODEL = "gpt-4o-mini"
ROWS = 3000
LENGTH = 200
"""Length of a text in characters."""
STRIDE = 50
"""Distance in characters between the starts of texts that the surrogate answers."""
TEXTS = 32
"""Number of different texts that are sent in turn."""
EXPERTS = 2
"""TF-IDF and the static embedder, both used for every text."""


@dataclass(frozen=True)
class Texts:
    """The texts of the requests."""

    answered: tuple[str, ...]
    """Texts of the length that the surrogate answers."""
    deferred: tuple[str, ...]
    """Texts of the length that the surrogate defers to the teacher."""


def request_of(text: str, **more: Any) -> Mapping[str, Any]:
    """Return a chat completion request with the prompt of the task."""
    messages = [
        {"role": "system", "content": PROMPT},
        {"role": "user", "content": text},
    ]
    return {"model": MODEL, "messages": messages, **more}


def build(folder: Path, task: str) -> Texts:
    """Train on the recorded questions, write the bundle, and select the texts."""
    recorded = [(each.text, each.label) for each in read_recordings().values()]
    rows = (
        build_row(
            TraceRecord(input=text, teacher=label, task=task), None, unmarked=True
        )
        for text, label in recorded[:ROWS]
    )
    terms = AttemptParameters(
        attempt=1, target=0.90, confidence=0.95, level=0.025, minimum=100, seed=1
    )
    learned = train(terms, select_rows(rows), local_training_context())
    if learned.surrogate is None or learned.certificate is None:
        raise SystemExit(
            f"the surrogate of the benchmark was refused: {learned.reason}"
        )
    if len(learned.surrogate.experts) != EXPERTS:
        raise SystemExit(
            "the surrogate does not use both TF-IDF and the static embedder"
        )
    samples = golden_samples(learned.surrogate)
    write_bundle(folder, learned.surrogate, learned.certificate, samples)
    return _choose(learned.surrogate, recorded)


def _choose(surrogate: Surrogate, recorded: list[tuple[str, str]]) -> Texts:
    alike = " ".join(text for text, label in recorded if label == LABEL)
    answered = []
    for start in range(0, len(alike) - LENGTH, STRIDE):
        found = surrogate.decide(alike[start : start + LENGTH])
        if found.accepted and found.label == LABEL:
            answered.append(alike[start : start + LENGTH])
    everything = " ".join(text for text, _ in recorded)
    mixed = (
        everything[start : start + LENGTH] for start in range(0, 100_000, LENGTH * 3)
    )
    deferred = [text for text in mixed if not surrogate.decide(text).accepted]
    return Texts(tuple(answered[:TEXTS]), tuple(deferred[:TEXTS]))


def body_of(text: str, **more: Any) -> bytes:
    """Return the body of a request."""
    return json.dumps(request_of(text, **more)).encode()
