"""Settings of the pods for authentication and limits."""

from typing import Any

import pytest

from support.configuration import config_of
from support.manifests import router_manifest, with_field
from tracer_core.contracts.runtime_config import (
    AccessConfig,
    LimitsConfig,
    RuntimeConfig,
)
from tracer_router.api import TracerRouter
from tracer_router.resources.data_plane import Served, build_deployment
from tracer_router.resources.installation import Installation

INSTALLATION = Installation("ns", "runtime", "s3://default")


def pod(access: dict[str, Any]) -> dict[str, Any]:
    manifest = with_field(router_manifest(access=access), "metadata.uid", "u")
    router = TracerRouter.model_validate(manifest)
    deployment = build_deployment(router, Served(1, "runtime"), INSTALLATION)
    return dict(deployment["spec"]["template"]["spec"])


def config(access: dict[str, Any]) -> RuntimeConfig:
    (container,) = pod(access)["containers"]
    return config_of(container)


@pytest.mark.parametrize(
    ("access", "values"),
    [
        ({"mode": "Open"}, {}),
        (
            {"mode": "PassThrough", "passThrough": {"lifetime": "1m"}},
            {"lifetimeSeconds": 60},
        ),
        (
            {"mode": "ClientKeys", "clientKeys": {"secretName": "callers"}},
            {"clientKeys": "/var/run/tracer/clients"},
        ),
        (
            {"mode": "GatewayHeader", "gatewayHeader": {"name": "X-Caller"}},
            {"callerHeader": "x-caller"},
        ),
    ],
)
def test_a_pod_gets_the_mode_and_its_settings(
    access: dict[str, Any], values: dict[str, Any]
) -> None:
    expected = AccessConfig.model_validate({"mode": access["mode"], **values})
    limits = LimitsConfig(request_bytes=8 * 2**20, concurrent_requests=500)
    found = config(access)
    assert (found.access, found.limits) == (expected, limits)


def test_client_keys_are_mounted_and_not_in_the_environment() -> None:
    spec = pod({"mode": "ClientKeys", "clientKeys": {"secretName": "callers"}})
    volume = {"name": "clients", "secret": {"secretName": "callers"}}
    mount = {
        "name": "clients",
        "mountPath": "/var/run/tracer/clients",
        "readOnly": True,
    }
    assert volume in spec["volumes"]
    assert mount in spec["containers"][0]["volumeMounts"]
