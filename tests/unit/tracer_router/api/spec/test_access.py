"""Settings of the pods for authentication and limits."""

from typing import Any

import pytest

from support.manifests import at, router_manifest
from tracer_router.api import TracerRouter
from tracer_router.resources.data_plane import Served, build_deployment
from tracer_router.resources.installation import Installation

INSTALLATION = Installation("ns", "runtime", "s3://default")


def pod(access: dict[str, Any]) -> dict[str, Any]:
    manifest = at(router_manifest(access=access), "metadata.uid", "u")
    router = TracerRouter.model_validate(manifest)
    deployment = build_deployment(router, Served(1, "runtime"), INSTALLATION)
    return dict(deployment["spec"]["template"]["spec"])


def settings(access: dict[str, Any]) -> dict[str, str]:
    names = {"ACCESS", "ACCEPTANCE_SECONDS", "CALLER_HEADER", "CLIENT_KEYS"}
    names |= {"REQUEST_BYTES", "REQUESTS_AT_ONCE"}
    (container,) = pod(access)["containers"]
    return {
        variable["name"].removeprefix("TRACER_"): variable["value"]
        for variable in container["env"]
        if variable["name"].removeprefix("TRACER_") in names
    }


@pytest.mark.parametrize(
    ("access", "values"),
    [
        ({"mode": "Open"}, {}),
        (
            {"mode": "PassThrough", "passThrough": {"lifetime": "1m"}},
            {"ACCEPTANCE_SECONDS": "60"},
        ),
        (
            {"mode": "ClientKeys", "clientKeys": {"secretName": "callers"}},
            {"CLIENT_KEYS": "/var/run/tracer/clients"},
        ),
        (
            {"mode": "GatewayHeader", "gatewayHeader": {"name": "X-Caller"}},
            {"CALLER_HEADER": "X-Caller"},
        ),
    ],
)
def test_a_pod_gets_the_mode_and_its_settings(
    access: dict[str, Any], values: dict[str, str]
) -> None:
    limits = {"REQUEST_BYTES": str(8 * 2**20), "REQUESTS_AT_ONCE": "500"}
    assert settings(access) == limits | values | {"ACCESS": access["mode"]}


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
