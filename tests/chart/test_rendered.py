"""The rendered manifests of the chart, validated by an API server."""

import json

import pytest

from support.apiserver import ApiServer
from support.chart import Chart, Manifest, api_path, of_kind

pytestmark = pytest.mark.cluster

DIGEST = "sha256:" + "a" * 64
SERVING = '{"requests":{"cpu":"100m","memory":"256Mi"}}'
TRAINING = '{"requests":{"cpu":"100m","memory":"1Gi"}}'
KEYS = {"accessKeyId": "key", "secretAccessKey": "secret"}


def test_the_api_server_accepts_every_object_with_strict_validation(
    api: ApiServer, rendered: list[Manifest]
) -> None:
    answers = {
        api_path(manifest): api.apply(
            api_path(manifest), manifest, dryRun="All"
        ).message
        for manifest in rendered
    }

    assert answers == dict.fromkeys(answers, "")
    assert len(answers) == len(rendered) == 8


def test_every_pod_complies_with_the_restricted_standard(
    api: ApiServer, rendered: list[Manifest]
) -> None:
    pods = [_pod_of(deployment) for deployment in of_kind(rendered, "Deployment")]

    answers = [api.apply(api_path(pod), pod, dryRun="All") for pod in pods]

    assert [answer.message for answer in answers] == ["", ""]


def test_the_api_server_rejects_a_pod_that_runs_as_root(
    api: ApiServer, rendered: list[Manifest]
) -> None:
    pod = _pod_of(of_kind(rendered, "Deployment")[0])
    pod["spec"]["securityContext"] = {}

    answer = api.apply(api_path(pod), pod, dryRun="All")

    assert 'violates PodSecurity "restricted' in answer.message


def test_the_role_has_no_permission_on_secrets_and_no_wildcard(
    rendered: list[Manifest],
) -> None:
    rules = [rule for role in of_kind(rendered, "Role") for rule in role["rules"]]
    resources = {name for rule in rules for name in rule["resources"]}
    values = {value for rule in rules for part in rule.values() for value in part}

    assert "secrets" not in resources
    assert "*" not in values
    assert of_kind(rendered, "ClusterRole") == []


def test_two_renderings_are_equal(chart: Chart, rendered: list[Manifest]) -> None:
    assert chart.render(store={"credentials": KEYS}) == rendered


def test_the_operator_gets_all_its_settings(chart: Chart) -> None:
    runtime = {"repository": "registry/runtime", "digest": DIGEST}
    manifests = chart.render(runtime=runtime, store={"credentials": KEYS})

    operator = _operator(manifests)

    assert operator == {
        "TRACER_NAMESPACE": {"fieldRef": {"fieldPath": "metadata.namespace"}},
        "TRACER_RUNTIME_IMAGE": f"registry/runtime@{DIGEST}",
        "TRACER_STORE_URL_BASE": "s3://traces",
        "TRACER_STORE_ENDPOINT": "http://tracer-tracer-router-store.tracer.svc:7070",
        "TRACER_STORE_REGION": "us-east-1",
        "TRACER_STORE_SECRET": "tracer-tracer-router-store",
        "TRACER_POD_RESOURCES": SERVING,
        "TRACER_TRAINING_RESOURCES": TRAINING,
    }


def test_the_operator_gets_the_resources_of_the_pods(chart: Chart) -> None:
    resources = {"limits": {"memory": "1Gi"}, "requests": {"cpu": 0.5}}
    values = {"resources": resources}
    manifests = chart.render(
        runtime=values, training=values, store={"credentials": KEYS}
    )

    operator = _operator(manifests)

    found = [
        json.loads(str(operator[f"TRACER_{owner}_RESOURCES"]))
        for owner in ("POD", "TRAINING")
    ]
    # Helm merges maps: requests without a new value keep their default.
    assert found == [
        {**resources, "requests": {"cpu": 0.5, "memory": memory}}
        for memory in ("256Mi", "1Gi")
    ]


def test_an_external_bucket_needs_no_server(chart: Chart) -> None:
    external = {"url": "s3://ours/tracer", "region": "eu-central-1"}
    manifests = chart.render(store={"enabled": False, "external": external})

    assert _operator(manifests) == {
        "TRACER_NAMESPACE": {"fieldRef": {"fieldPath": "metadata.namespace"}},
        "TRACER_RUNTIME_IMAGE": "tracer-runtime:0.1.0",
        "TRACER_STORE_URL_BASE": "s3://ours/tracer",
        "TRACER_STORE_REGION": "eu-central-1",
        "TRACER_POD_RESOURCES": SERVING,
        "TRACER_TRAINING_RESOURCES": TRAINING,
    }
    kinds = sorted(manifest["kind"] for manifest in manifests)
    assert kinds == ["Deployment", "Role", "RoleBinding", "ServiceAccount"]


def test_an_existing_secret_is_used_and_no_secret_is_created(chart: Chart) -> None:
    manifests = chart.render(store={"existingSecret": "bucket"})

    assert of_kind(manifests, "Secret") == []
    assert _operator(manifests).get("TRACER_STORE_SECRET") == "bucket"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "store.credentials.accessKeyId is required: set it together with"),
        (
            {"store": {"enabled": False}},
            "store.external.url is required if store.enabled is false",
        ),
        ({"bogus": 1}, "additional properties 'bogus' not allowed"),
        ({"store": {"credentails": KEYS}}, "'credentails' not allowed"),
        ({"training": {"resources": {"claims": {}}}}, "'claims' not allowed"),
        ({"runtime": {"digest": "sha256:short"}}, "does not match pattern"),
    ],
)
def test_invalid_values_are_rejected_with_the_allowed_values(
    chart: Chart, values: dict[str, object], message: str
) -> None:
    assert message in chart.refusal(**values)


def _operator(manifests: list[Manifest]) -> dict[str, object]:
    found = next(
        deployment
        for deployment in of_kind(manifests, "Deployment")
        if deployment["metadata"]["labels"]["app.kubernetes.io/component"] == "operator"
    )
    container = found["spec"]["template"]["spec"]["containers"][0]
    return {
        variable["name"]: variable.get("value", variable.get("valueFrom"))
        for variable in container["env"]
    }


def _pod_of(deployment: Manifest) -> Manifest:
    template = deployment["spec"]["template"]
    metadata = deployment["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
        "spec": dict(template["spec"]),
    }
