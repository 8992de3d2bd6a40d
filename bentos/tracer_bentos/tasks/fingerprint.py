"""The fingerprint of a task: a digest of everything that defines the task.

The same code computes it in serving and for training, which reads it from the traces.
Every difference makes another task, so a request with a changed prompt, model, or
parameter is answered by the teacher.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from tracer_bentos.protocols.adapter import ParsedRequest
from tracer_bentos.protocols.label import canonical_json
from tracer_core.contracts.document import sha256_digest

__all__ = ["digest_of_parts", "frame_parts", "named_parts", "task_digest"]

MAX_NAME_CHARACTERS: Final = 200


def frame_parts(
    request: ParsedRequest, teacher: str, ignored: Collection[str]
) -> Mapping[str, Any]:
    """Return everything that defines a task except the texts, by field.

    Args:
        request: The request.
        teacher: Identity of the teacher.
        ignored: Fields of the request that are not part of the definition of a task.
    """
    kept = {k: value for k, value in request.parameters.items() if k not in ignored}
    return {**_identity(request, teacher), **kept}


def named_parts(request: ParsedRequest, teacher: str, name: str) -> Mapping[str, Any]:
    """Return the parts of a task that the client names.

    The name replaces instructions and sampling parameters. Fields that shape the answer
    are part of the task.
    """
    names = request.adapter.output_parameters
    output = {k: value for k, value in request.parameters.items() if k in names}
    return {
        **_identity(request, teacher),
        "task": name[:MAX_NAME_CHARACTERS],
        **output,
    }


def digest_of_parts(parts: Mapping[str, Any]) -> str:
    """Return the digest of parts."""
    return sha256_digest(canonical_json(parts).encode())


def task_digest(frame: str, *texts: str) -> str:
    """Return the fingerprint of a task.

    Args:
        frame: Digest of everything but the texts.
        texts: Keys of the fixed part of each text.
    """
    return sha256_digest("\n".join((frame, *texts)).encode())


def _identity(request: ParsedRequest, teacher: str) -> dict[str, Any]:
    identity = {
        "protocol": request.adapter.name,
        "teacher": teacher,
        "model": request.model,
    }
    if request.deployment not in (None, request.model):
        # Azure ignores the model in the body: two deployments are two teachers.
        identity["path.deployment"] = request.deployment
    return identity
