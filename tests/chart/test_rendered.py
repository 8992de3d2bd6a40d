"""What the chart renders, judged by its text and by a real API server."""

import json

import pytest

from support.apiserver import ApiServer
from support.chart import Chart, Manifest, api_path, of_kind

pytestmark = pytest.mark.cluster

DIGEST = "sha256:" + "a" * 64
SERVING = '{"requests":{"cpu":"100m","memory":"256Mi"}}'
TRAINING = '{"requests":{"cpu":"100m","memory":"1Gi"}}'
KEYS = {"accessKeyId": "key", "secretAccessKey": "secret"}


def test_the_api_server_takes_every_object_strictly(
    api: ApiServer, rendered: list[Manifest]
) -> None:
    answers = {
        api_path(each): api.apply(api_path(each), each, dryRun="All").message
        for each in rendered
    }

    assert answers == dict.fromkeys(answers, "")
    assert len(answers) == len(rendered) == 8


def test_every_pod_passes_the_restricted_standard(
    api: ApiServer, rendered: list[Manifest]
) -> None:
    pods = [_pod_of(each) for each in of_kind(rendered, "Deployment")]

    answers = [api.apply(api_path(each), each, dryRun="All") for each in pods]

    assert [each.message for each in answers] == ["", ""]


def test_the_judge_of_pods_refuses_a_pod_that_runs_as_root(
    api: ApiServer, rendered: list[Manifest]
) -> None:
    pod = _pod_of(of_kind(rendered, "Deployment")[0])
    pod["spec"]["securityContext"] = {}

    answer = api.apply(api_path(pod), pod, dryRun="All")

    assert 'violates PodSecurity "restricted' in answer.message


def test_the_role_has_no_verb_on_secrets_and_no_wildcard(
    rendered: list[Manifest],
) -> None:
    rules = [rule for each in of_kind(rendered, "Role") for rule in each["rules"]]
    resources = {name for rule in rules for name in rule["resources"]}
    words = {word for rule in rules for part in rule.values() for word in part}

    assert "secrets" not in resources
    assert "*" not in words
    assert of_kind(rendered, "ClusterRole") == []


def test_rendering_twice_gives_the_same(chart: Chart, rendered: list[Manifest]) -> None:
    assert chart.render(store={"credentials": KEYS}) == rendered


def test_the_operator_is_told_everything_that_it_reads(chart: Chart) -> None:
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


def test_the_operator_is_told_what_pods_shall_ask_for(chart: Chart) -> None:
    resources = {"limits": {"memory": "1Gi"}, "requests": {"cpu": 0.5}}
    said = {"resources": resources}
    manifests = chart.render(runtime=said, training=said, store={"credentials": KEYS})

    operator = _operator(manifests)

    found = [
        json.loads(str(operator[f"TRACER_{whose}_RESOURCES"]))
        for whose in ("POD", "TRAINING")
    ]
    # Helm joins maps: requests that are not named again stay.
    assert found == [
        {**resources, "requests": {"cpu": 0.5, "memory": memory}}
        for memory in ("256Mi", "1Gi")
    ]


def test_a_bucket_elsewhere_needs_no_server_here(chart: Chart) -> None:
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
    kinds = sorted(each["kind"] for each in manifests)
    assert kinds == ["Deployment", "Role", "RoleBinding", "ServiceAccount"]


def test_an_existing_secret_is_used_and_none_is_made(chart: Chart) -> None:
    manifests = chart.render(store={"existingSecret": "bucket"})

    assert of_kind(manifests, "Secret") == []
    assert _operator(manifests).get("TRACER_STORE_SECRET") == "bucket"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "store.credentials.accessKeyId: give both keys"),
        ({"store": {"enabled": False}}, "store.external.url: say s3://BUCKET"),
        ({"bogus": 1}, "additional properties 'bogus' not allowed"),
        ({"store": {"credentails": KEYS}}, "'credentails' not allowed"),
        ({"training": {"resources": {"claims": {}}}}, "'claims' not allowed"),
        ({"runtime": {"digest": "sha256:short"}}, "does not match pattern"),
    ],
)
def test_values_that_cannot_work_are_refused_with_the_remedy(
    chart: Chart, values: dict[str, object], said: str
) -> None:
    assert said in chart.refusal(**values)


def _operator(manifests: list[Manifest]) -> dict[str, object]:
    found = next(
        each
        for each in of_kind(manifests, "Deployment")
        if each["metadata"]["labels"]["app.kubernetes.io/component"] == "operator"
    )
    container = found["spec"]["template"]["spec"]["containers"][0]
    return {
        each["name"]: each.get("value", each.get("valueFrom"))
        for each in container["env"]
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
