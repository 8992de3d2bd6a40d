"""What a data-plane pod is told about the teacher."""

import json

from tracer_router.api import TracerRouter
from tracer_router.contracts import runtime
from tracer_router.resources.pod import PodParts

__all__ = ["teacher_identity", "teacher_parts"]

_KEY = "/var/run/tracer/teacher"


def teacher_identity(router: TracerRouter) -> str:
    """Name the teacher: a certificate is about one teacher only."""
    teacher = router.spec.teacher
    return f"{teacher.protocol.value} {teacher.url}"


def teacher_parts(router: TracerRouter) -> PodParts:
    """Give URL, prices and the key as a mounted file."""
    teacher = router.spec.teacher
    prices = [price.model_dump(by_alias=True) for price in teacher.prices]
    values = {
        runtime.TEACHER_URL: teacher.url,
        runtime.TEACHER_IDENTITY: teacher_identity(router),
        runtime.PRICES: json.dumps(prices, sort_keys=True),
    }
    if teacher.api_key is None:
        return PodParts(values)
    values[runtime.TEACHER_KEY_FILE] = f"{_KEY}/{teacher.api_key.key}"
    mount = {"name": "teacher", "mountPath": _KEY, "readOnly": True}
    secret = {"secretName": teacher.api_key.secret_name}
    return PodParts(values, (mount,), ({"name": "teacher", "secret": secret},))
