"""The fingerprint of a task: a digest of what defines the question, part by part.

The same code gives it in serving and for training, which reads it from the traces. A
part that differs makes another task, so a changed prompt, model or parameter falls back
to the teacher.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from tracer_bentos.serving.protocols.adapter import Asked
from tracer_bentos.serving.protocols.label import canonical_json
from tracer_router.contracts.document import digest_of

__all__ = ["Parts", "fingerprint", "named_parts", "parts_of"]

LONGEST_NAME: Final = 200

Parts = Mapping[str, Any]
"""What defines a question, by the name of the field that says so."""


def parts_of(
    asked: Asked, teacher: str, texts: Mapping[str, Any], ignored: Collection[str]
) -> Parts:
    """Give the parts of a task that its content defines.

    Args:
        asked: The request.
        teacher: Which teacher answers it.
        texts: By passage, what of it is the same in every request of the task.
        ignored: Fields of the request that do not define the question.
    """
    kept = {k: value for k, value in asked.parameters.items() if k not in ignored}
    return {**_identity(asked, teacher), **texts, **kept}


def named_parts(asked: Asked, teacher: str, name: str) -> Parts:
    """Give the parts of a task that the client names.

    The name stands for instructions and sampling; what shapes the answer still counts.
    """
    shaping = {k: v for k, v in asked.parameters.items() if k in asked.adapter.shaping}
    return {**_identity(asked, teacher), "task": name[:LONGEST_NAME], **shaping}


def fingerprint(parts: Parts) -> str:
    """Give the fingerprint."""
    return digest_of(canonical_json(parts).encode())


def _identity(asked: Asked, teacher: str) -> dict[str, Any]:
    return {"protocol": asked.adapter.name, "teacher": teacher, "model": asked.model}
