"""What a data-plane pod is told about the teacher."""

import json

from tracer_router.api import TracerRouter
from tracer_router.contracts import runtime
from tracer_router.contracts.document import digest_of
from tracer_router.resources.pod import PodParts

__all__ = ["teacher_identity", "teacher_parts"]

_DIGEST_SHOWN = len("sha256:") + 12
_KEY = "/var/run/tracer/teacher"


def teacher_identity(router: TracerRouter) -> str:
    """Name the teacher: a certificate is about one teacher only, and how it is read."""
    teacher = router.spec.teacher
    name = f"{teacher.protocol.value} {teacher.url}"
    if not teacher.endpoints:
        return name
    return f"{name} {digest_of(_endpoints(router).encode())[:_DIGEST_SHOWN]}"


def teacher_parts(router: TracerRouter) -> PodParts:
    """Give URL, prices and the key as a mounted file."""
    teacher = router.spec.teacher
    prices = [price.model_dump(by_alias=True) for price in teacher.prices]
    values = {
        runtime.TEACHER_URL: teacher.url,
        runtime.PROTOCOL: teacher.protocol.value,
        runtime.TEACHER_IDENTITY: teacher_identity(router),
        runtime.PRICES: json.dumps(prices, sort_keys=True),
    }
    if teacher.endpoints:
        values[runtime.ENDPOINTS] = _endpoints(router)
    if teacher.api_key is None:
        return PodParts(values)
    values[runtime.TEACHER_KEY_FILE] = f"{_KEY}/{teacher.api_key.key}"
    mount = {"name": "teacher", "mountPath": _KEY, "readOnly": True}
    secret = {"secretName": teacher.api_key.secret_name}
    return PodParts(values, (mount,), ({"name": "teacher", "secret": secret},))


def _endpoints(router: TracerRouter) -> str:
    endpoints = [
        {"path": each.path, "input": list(each.input), "label": each.label}
        for each in router.spec.teacher.endpoints
    ]
    return json.dumps(endpoints, sort_keys=True)
