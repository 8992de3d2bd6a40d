"""Settings of the chart for the operator, and their effect on pods."""

from dataclasses import replace
from typing import Any

from support.manifests import router_manifest, with_field
from support.world import INSTALLATION
from tracer_router.api import TracerRouter
from tracer_router.resources.data_plane import Served, build_deployment
from tracer_router.resources.installation import Installation

SETTINGS = {
    "TRACER_NAMESPACE": "team",
    "TRACER_RUNTIME_IMAGE": "runtime@sha256:1",
    "TRACER_STORE_URL_BASE": "s3://traces/",
}


def pod_resources(installation: Installation, requested: dict[str, Any] | None) -> Any:
    manifest = router_manifest(resources=requested)
    router = TracerRouter.model_validate(with_field(manifest, "metadata.uid", "u"))
    deployment = build_deployment(router, Served(1, "runtime"), installation)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return container.get("resources")


def test_resources_are_parsed_in_the_format_of_the_chart() -> None:
    installation = Installation.from_environment(
        {
            **SETTINGS,
            "TRACER_POD_RESOURCES": '{"limits":{"memory":"512Mi"}}',
            "TRACER_TRAINING_RESOURCES": '{"requests":{"cpu":0.5}}',
        }
    )
    assert installation.resources == {"limits": {"memory": "512Mi"}}
    assert installation.training_resources == {"requests": {"cpu": 0.5}}
    defaults = Installation.from_environment(SETTINGS)
    assert (defaults.resources, defaults.training_resources) == ({}, {})


def test_resources_of_data_plane_pods_are_those_of_the_router_or_the_chart() -> None:
    default = {"requests": {"cpu": "100m"}}
    installation = replace(INSTALLATION, resources=default)
    requested = {"requests": {"cpu": "250m"}, "limits": {"cpu": "1"}}
    assert [
        pod_resources(installation, requested),
        pod_resources(installation, None),
        pod_resources(INSTALLATION, None),
    ] == [requested, default, None]
