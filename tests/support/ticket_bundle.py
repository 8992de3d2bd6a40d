"""A bundle trained on synthetic support tickets."""

import dataclasses
import json
from pathlib import Path

from support.ticket_traces import ticket_rows
from tracer_bentos.bundle.bundle import write_bundle
from tracer_bentos.protocols.openai_chat.adapter import OpenAIChat
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.rows import select_rows
from tracer_bentos.training.fit.golden import golden_samples
from tracer_bentos.training.fit.training_context import local_training_context
from tracer_bentos.training.run.pipeline import TrainingResult, train

__all__ = ["chat_about", "task_of", "ticket_bundle"]

_TERMS = AttemptParameters(
    attempt=1, target=0.9, confidence=0.95, level=0.025, minimum=1, seed=1
)


def chat_about(text: str) -> dict[str, object]:
    """Return a request of the task of the bundle with a text."""
    return {"model": "gpt-test", "messages": [{"role": "user", "content": text}]}


def task_of(request: dict[str, object]) -> str:
    """Return the task of a chat completions request."""
    parsed = OpenAIChat().parse_request(json.dumps(request).encode())
    assert parsed
    return TaskRegistry().identify(parsed).task


def ticket_bundle(folder: Path, redaction: str = "standard/2") -> TrainingResult:
    """Train, write the bundle to a folder, and return the training result."""
    task = task_of(chat_about("anything"))
    rows = [dataclasses.replace(row, task=task) for row in ticket_rows(600)]
    result = train(_TERMS, select_rows(rows), local_training_context())
    assert result.surrogate
    assert result.certificate
    samples = golden_samples(result.surrogate)
    write_bundle(folder, result.surrogate, result.certificate, samples, redaction)
    return result
