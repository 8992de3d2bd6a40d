"""Traces and a bundle of words that only an embedder can classify."""

from datetime import timedelta
from pathlib import Path

from support.hidden_topics import hidden_texts, topic_of
from support.ticket_bundle import chat_about, task_of
from support.ticket_traces import BEGIN
from tracer_bentos.bundle.bundle import write_bundle
from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.row import Row
from tracer_bentos.training.data.rows import select_rows
from tracer_bentos.training.fit.golden import golden_samples
from tracer_bentos.training.fit.training_context import local_training_context
from tracer_bentos.training.run.pipeline import train
from tracer_core.contracts.store.bundle import BundleManifest

__all__ = ["hidden_bundle", "hidden_rows"]

_TERMS = AttemptParameters(
    attempt=1, target=0.9, confidence=0.95, level=0.025, minimum=1, seed=1
)


def hidden_rows(count: int, task: str = "words") -> list[Row]:
    """Return rows of one synthetic word each; the teacher answers with its topic."""
    return [
        Row(
            text,
            topic_of(text),
            task,
            BEGIN + timedelta(seconds=number),
            None,
            uniform=True,
            model="gpt-test",
        )
        for number, text in enumerate(hidden_texts(count, seed=1))
    ]


def hidden_bundle(folder: Path, encoder: Encoder) -> BundleManifest:
    """Train with an encoder and write a bundle of the chat task to a folder."""
    rows = hidden_rows(600, task_of(chat_about("anything")))
    result = train(
        _TERMS, select_rows(rows), local_training_context(encoders=[encoder])
    )
    assert result.surrogate
    assert result.certificate
    samples = golden_samples(result.surrogate)
    return write_bundle(folder, result.surrogate, result.certificate, samples)
