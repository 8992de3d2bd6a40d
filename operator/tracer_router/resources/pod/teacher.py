"""The identity of the teacher, and the mounts for connections to it."""

import json

from tracer_core.contracts.document import sha256_digest
from tracer_router.api import TracerRouter
from tracer_router.resources.pod import paths
from tracer_router.resources.pod.parts import PodParts

__all__ = ["teacher_identity", "teacher_parts"]

_DIGEST_LENGTH = len("sha256:") + 12


def teacher_identity(router: TracerRouter) -> str:
    """Return the identity of the teacher.

    A certificate is valid for one teacher and one way to read its answers.
    """
    teacher = router.spec.teacher
    name = f"{teacher.protocol.value} {teacher.url}"
    if not teacher.endpoints:
        return name
    return f"{name} {sha256_digest(_endpoints(router).encode())[:_DIGEST_LENGTH]}"


def teacher_parts(router: TracerRouter) -> PodParts:
    """Return the mounts of the teacher's key and of the certificate authorities."""
    teacher = router.spec.teacher
    parts = PodParts()
    if teacher.api_key:
        secret = {"secretName": teacher.api_key.secret_name}
        parts += PodParts.mounted("teacher", paths.TEACHER_KEY, {"secret": secret})
    if teacher.ca_bundle:
        config_map = {"name": teacher.ca_bundle.config_map_name}
        source = {"configMap": config_map}
        parts += PodParts.mounted("teacher-ca", paths.TEACHER_CA, source)
    return parts


def _endpoints(router: TracerRouter) -> str:
    endpoints = [
        {"path": endpoint.path, "input": [*endpoint.input], "label": endpoint.label}
        for endpoint in router.spec.teacher.endpoints
    ]
    return json.dumps(endpoints, sort_keys=True)
