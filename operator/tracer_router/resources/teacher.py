"""What a data-plane pod is told about the teacher."""

import json

from tracer_core.contracts import runtime
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.runtime import HttpVersion
from tracer_router.api import TracerRouter
from tracer_router.resources.manifest import Manifest
from tracer_router.resources.pod import PodParts

__all__ = ["teacher_identity", "teacher_parts"]

_DIGEST_SHOWN = len("sha256:") + 12
_KEY = "/var/run/tracer/teacher"
_TRUSTED = "/var/run/tracer/teacher-ca"


def teacher_identity(router: TracerRouter) -> str:
    """Name the teacher: a certificate is about one teacher only, and how it is read."""
    teacher = router.spec.teacher
    name = f"{teacher.protocol.value} {teacher.url}"
    if not teacher.endpoints:
        return name
    return f"{name} {sha256_digest(_endpoints(router).encode())[:_DIGEST_SHOWN]}"


def teacher_parts(router: TracerRouter) -> PodParts:
    """Give URL, prices, the way there, and key and certificates as mounted files."""
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
    if teacher.http_version is not HttpVersion.HTTP1:
        values[runtime.TEACHER_HTTP] = teacher.http_version.value
    if teacher.proxy:
        values[runtime.TEACHER_PROXY] = teacher.proxy
    sources: dict[str, tuple[str, Manifest]] = {}
    if teacher.api_key:
        values[runtime.TEACHER_KEY_FILE] = f"{_KEY}/{teacher.api_key.key}"
        secret = {"secretName": teacher.api_key.secret_name}
        sources["teacher"] = _KEY, {"secret": secret}
    if teacher.ca_bundle:
        values[runtime.TEACHER_AUTHORITIES] = f"{_TRUSTED}/{teacher.ca_bundle.key}"
        named = {"name": teacher.ca_bundle.config_map_name}
        sources["teacher-ca"] = _TRUSTED, {"configMap": named}
    return PodParts(
        values,
        tuple(
            {"name": name, "mountPath": path, "readOnly": True}
            for name, (path, _) in sources.items()
        ),
        tuple({"name": name, **source} for name, (_, source) in sources.items()),
    )


def _endpoints(router: TracerRouter) -> str:
    endpoints = [
        {"path": each.path, "input": list(each.input), "label": each.label}
        for each in router.spec.teacher.endpoints
    ]
    return json.dumps(endpoints, sort_keys=True)
