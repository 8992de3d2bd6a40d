"""How pods connect to the teacher: key, certificate authorities, and proxy."""

from support.manifests import router_manifest, with_field
from support.world import INSTALLATION
from tracer_core.contracts.runtime import HttpVersion
from tracer_core.contracts.runtime_config import TeacherConfig
from tracer_router.api import TracerRouter
from tracer_router.resources.pod.parts import PodParts
from tracer_router.resources.pod.teacher import teacher_parts
from tracer_router.resources.runtime_config import build_serving_config
from tracer_router.resources.served import Served


def build(**teacher: object) -> tuple[TeacherConfig, PodParts]:
    manifest = router_manifest(teacher={"url": "https://llm.corp/v1", **teacher})
    router = TracerRouter.model_validate(with_field(manifest, "metadata.uid", "u"))
    config = build_serving_config(router, Served(1, "runtime"), INSTALLATION)
    assert config.teacher is not None
    return config.teacher, teacher_parts(router)


def test_certificate_authorities_are_mounted_from_their_config_map() -> None:
    config, parts = build(caBundle={"configMapName": "corporate-ca", "key": "root.pem"})
    folder = "/var/run/tracer/teacher-ca"
    assert str(config.ca_file) == f"{folder}/root.pem"
    mount = {"name": "teacher-ca", "mountPath": folder, "readOnly": True}
    volume = {"name": "teacher-ca", "configMap": {"name": "corporate-ca"}}
    assert (parts.mounts, parts.volumes) == ((mount,), (volume,))


def test_key_and_certificate_authorities_have_separate_volumes() -> None:
    config, parts = build(
        apiKey={"secretName": "llm"}, caBundle={"configMapName": "corporate-ca"}
    )
    assert str(config.key_file) == "/var/run/tracer/teacher/api-key"
    assert [volume["name"] for volume in parts.volumes] == ["teacher", "teacher-ca"]


def test_a_proxy_is_configured_only_if_the_router_names_one() -> None:
    config, _ = build(proxy="http://proxy.corp:3128")
    assert config.proxy == "http://proxy.corp:3128"
    assert b"proxy" not in build()[0].to_json()


def test_http_2_is_configured_only_if_the_router_selects_it() -> None:
    config, _ = build(httpVersion="HTTP2")
    assert config.http_version is HttpVersion.HTTP2
    assert build()[0].http_version is HttpVersion.HTTP1
