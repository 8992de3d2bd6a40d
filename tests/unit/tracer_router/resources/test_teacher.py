"""What pods are given of the way to the teacher: key, certificates, proxy."""

from support.manifests import at, router_manifest
from tracer_router.api import TracerRouter
from tracer_router.resources.pod import PodParts
from tracer_router.resources.teacher import teacher_parts


def parts(**teacher: object) -> PodParts:
    manifest = router_manifest(teacher={"url": "https://llm.corp/v1", **teacher})
    return teacher_parts(TracerRouter.model_validate(at(manifest, "metadata.uid", "u")))


def test_certificates_of_the_companys_own_are_mounted_from_their_config_map() -> None:
    found = parts(caBundle={"configMapName": "corporate-ca", "key": "root.pem"})
    folder = "/var/run/tracer/teacher-ca"
    assert found.values["TRACER_TEACHER_AUTHORITIES"] == f"{folder}/root.pem"
    mount = {"name": "teacher-ca", "mountPath": folder, "readOnly": True}
    volume = {"name": "teacher-ca", "configMap": {"name": "corporate-ca"}}
    assert (found.mounts, found.volumes) == ((mount,), (volume,))


def test_a_key_and_certificates_lie_apart() -> None:
    found = parts(
        apiKey={"secretName": "llm"}, caBundle={"configMapName": "corporate-ca"}
    )
    assert found.values["TRACER_TEACHER_KEY_FILE"] == "/var/run/tracer/teacher/api-key"
    assert [each["name"] for each in found.volumes] == ["teacher", "teacher-ca"]


def test_a_proxy_is_told_and_only_where_one_is_named() -> None:
    named = parts(proxy="http://proxy.corp:3128").values
    assert named["TRACER_TEACHER_PROXY"] == "http://proxy.corp:3128"
    assert "TRACER_TEACHER_PROXY" not in parts().values


def test_http_2_is_told_and_only_where_it_is_asked_for() -> None:
    assert parts(httpVersion="HTTP2").values["TRACER_TEACHER_HTTP"] == "HTTP2"
    assert "TRACER_TEACHER_HTTP" not in parts().values
