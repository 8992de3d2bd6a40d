"""The fingerprint of a task: a digest of what defines the question.

The same code gives it in serving and for training, which reads it from the traces.
Anything that differs makes another task, so a changed prompt, model or parameter falls
back to the teacher.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from tracer_bentos.protocols.adapter import ParsedRequest
from tracer_bentos.protocols.label import canonical_json
from tracer_core.contracts.document import sha256_digest

__all__ = ["digest_of_parts", "frame_parts", "named_parts", "task_digest"]

LONGEST_NAME: Final = 200


def frame_parts(
    asked: ParsedRequest, teacher: str, ignored: Collection[str]
) -> Mapping[str, Any]:
    """Give everything but the texts that defines a question, by field.

    Args:
        asked: The request.
        teacher: Which teacher answers it.
        ignored: Fields of the request that do not define the question.
    """
    kept = {k: value for k, value in asked.parameters.items() if k not in ignored}
    return {**_identity(asked, teacher), **kept}


def named_parts(asked: ParsedRequest, teacher: str, name: str) -> Mapping[str, Any]:
    """Give the parts of a task that the client names.

    The name stands for instructions and sampling; what shapes the answer still counts.
    """
    shaping = {k: v for k, v in asked.parameters.items() if k in asked.adapter.shaping}
    return {**_identity(asked, teacher), "task": name[:LONGEST_NAME], **shaping}


def digest_of_parts(parts: Mapping[str, Any]) -> str:
    """Give the digest of parts."""
    return sha256_digest(canonical_json(parts).encode())


def task_digest(frame: str, *texts: str) -> str:
    """Give the fingerprint: of a frame and of what is fixed in each text."""
    return sha256_digest("\n".join((frame, *texts)).encode())


def _identity(asked: ParsedRequest, teacher: str) -> dict[str, Any]:
    return {"protocol": asked.adapter.name, "teacher": teacher, "model": asked.model}
