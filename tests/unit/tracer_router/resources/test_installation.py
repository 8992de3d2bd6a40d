"""What the chart tells the operator, and what pods get of it."""

from dataclasses import replace
from typing import Any

from support.manifests import router_manifest, with_field
from support.world import INSTALLATION
from tracer_router.api import TracerRouter
from tracer_router.resources.data_plane import Served, build_deployment
from tracer_router.resources.installation import Installation

TOLD = {
    "TRACER_NAMESPACE": "team",
    "TRACER_RUNTIME_IMAGE": "runtime@sha256:1",
    "TRACER_STORE_URL_BASE": "s3://traces/",
}


def pod_resources(installation: Installation, said: dict[str, Any] | None) -> Any:
    manifest = router_manifest(resources=said)
    router = TracerRouter.model_validate(with_field(manifest, "metadata.uid", "u"))
    deployment = build_deployment(router, Served(1, "runtime"), installation)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return container.get("resources")


def test_resources_are_read_as_the_chart_writes_them() -> None:
    found = Installation.from_environment(
        {
            **TOLD,
            "TRACER_POD_RESOURCES": '{"limits":{"memory":"512Mi"}}',
            "TRACER_TRAINING_RESOURCES": '{"requests":{"cpu":0.5}}',
        }
    )
    assert found.resources == {"limits": {"memory": "512Mi"}}
    assert found.training_resources == {"requests": {"cpu": 0.5}}
    silent = Installation.from_environment(TOLD)
    assert (silent.resources, silent.training_resources) == ({}, {})


def test_a_data_plane_pod_asks_for_what_the_router_says_or_else_the_chart() -> None:
    usual = {"requests": {"cpu": "100m"}}
    installation = replace(INSTALLATION, resources=usual)
    said = {"requests": {"cpu": "250m"}, "limits": {"cpu": "1"}}
    assert [
        pod_resources(installation, said),
        pod_resources(installation, None),
        pod_resources(INSTALLATION, None),
    ] == [said, usual, None]
