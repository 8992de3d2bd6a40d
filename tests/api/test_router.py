"""The API server accepts valid TracerRouters and applies the defaults."""

from typing import Any

import pytest

from support.apiserver import ApiServer
from support.manifests import router_manifest, with_field
from tracer_router.api import TracerRouter

pytestmark = pytest.mark.cluster

MINIMAL = {
    "apiVersion": "tracerml.ai/v1alpha1",
    "kind": "TracerRouter",
    "metadata": {"name": "minimal"},
    "spec": {
        "teacher": {"url": "https://api.example.com/v1"},
        "parity": {"target": "95%"},
    },
}

GOOD = {
    "two fields": MINIMAL,
    "every field": router_manifest(),
    "a teacher in the cluster": with_field(
        MINIMAL, "spec.teacher.url", "http://llm.ml:8000/v1"
    ),
    "the client's own key": with_field(MINIMAL, "spec.access", {"mode": "PassThrough"}),
    "an access section without a mode": with_field(MINIMAL, "spec.access", {}),
    "a short lifetime of a client key": with_field(
        MINIMAL, "spec.access", {"passThrough": {"lifetime": "30s"}}
    ),
    "keys for clients": with_field(
        router_manifest(),
        "spec.access",
        {"mode": "ClientKeys", "clientKeys": {"secretName": "callers"}},
    ),
    "a gateway that identifies the caller": with_field(
        MINIMAL,
        "spec.access",
        {"mode": "GatewayHeader", "gatewayHeader": {"name": "x-caller"}},
    ),
    "a request size in plain bytes": with_field(
        MINIMAL, "spec.limits", {"requestSize": 1048576}
    ),
    "a fraction of a percent": with_field(MINIMAL, "spec.parity.target", "99.5%"),
    "one step": with_field(MINIMAL, "spec.rollout", {"steps": ["100%"]}),
    "a name of forty characters": with_field(MINIMAL, "metadata.name", "a" * 40),
    "a bucket on AWS with the identity of the pods": with_field(
        MINIMAL, "spec.traces", {"store": {"s3": {"bucket": "traces"}}}
    ),
    "a split by the pods themselves": with_field(
        MINIMAL, "spec.traffic", {"split": "Sticky"}
    ),
    "texts as received": with_field(MINIMAL, "spec.traces", {"capture": "Raw"}),
    "one worker and its driver": with_field(
        MINIMAL, "spec.training", {"engine": "Dask"}
    ),
    "one worker with engine Local": with_field(
        MINIMAL, "spec.training", {"engine": "Local", "workers": 1}
    ),
    "a teacher with HTTP/1.1": with_field(MINIMAL, "spec.teacher.httpVersion", "HTTP1"),
    "a teacher with HTTP/2": with_field(MINIMAL, "spec.teacher.httpVersion", "HTTP2"),
    "an embeddings endpoint in the cluster, without a key": with_field(
        MINIMAL,
        "spec.surrogate",
        {"embedder": {"endpoint": {"url": "http://embed.ml:8080/v1", "model": "e5"}}},
    ),
    "a sentence encoder in a volume": with_field(
        MINIMAL,
        "spec.surrogate",
        {"embedder": {"onnx": {"claimName": "encoders", "subPath": "a.b/minilm"}}},
    ),
    "an empty surrogate section": with_field(MINIMAL, "spec.surrogate", {}),
    "capture disabled": with_field(MINIMAL, "spec.traces", {"capture": "Disabled"}),
    "equal audit rates": with_field(
        MINIMAL, "spec.audit", {"live": "10%", "canary": "10%"}
    ),
}


def path_of(namespace: str, manifest: dict[str, Any]) -> str:
    name = manifest["metadata"]["name"]
    return f"/apis/tracerml.ai/v1alpha1/namespaces/{namespace}/tracerrouters/{name}"


@pytest.mark.parametrize("case", GOOD)
def test_a_valid_router_is_accepted(api: ApiServer, namespace: str, case: str) -> None:
    manifest = GOOD[case]
    answer = api.apply(path_of(namespace, manifest), manifest, dryRun="All")
    assert answer.message == ""


def test_a_new_router_has_the_defaults_of_the_models_and_no_generation(
    api: ApiServer, namespace: str
) -> None:
    answer = api.apply(path_of(namespace, MINIMAL), MINIMAL)
    kept = TracerRouter.model_validate(answer.body)
    assert kept.spec == TracerRouter.model_validate(MINIMAL).spec
    assert answer.body["status"] == {"observedGeneration": -1}
    assert answer.body["spec"]["tasks"]["session"] == {"header": "x-session-id"}


@pytest.mark.parametrize("case", ["two fields", "every field"])
def test_an_unchanged_apply_writes_nothing(
    api: ApiServer, namespace: str, case: str
) -> None:
    manifest = with_field(GOOD[case], "metadata.name", f"again-{len(case)}")
    # A create stores no status, and a read returns the default. The first apply after
    # it stores the default; later ones write nothing.
    meta = [
        api.apply(path_of(namespace, manifest), manifest).body["metadata"]
        for _ in range(3)
    ]
    assert meta[1]["resourceVersion"] == meta[2]["resourceVersion"]
    assert [metadata["generation"] for metadata in meta] == [1, 1, 1]


def test_a_router_that_the_model_wrote_is_read_back_unchanged(
    api: ApiServer, namespace: str
) -> None:
    sent = TracerRouter.model_validate(
        with_field(router_manifest(), "metadata.name", "model")
    )
    manifest = sent.to_manifest()
    del manifest["metadata"]["ownerReferences"], manifest["metadata"]["namespace"]
    answer = api.apply(path_of(namespace, manifest), manifest, dryRun="All")
    assert answer.message == ""
    assert TracerRouter.model_validate(answer.body).spec == sent.spec


def test_a_list_has_the_columns_of_the_model(api: ApiServer, namespace: str) -> None:
    path = path_of(namespace, MINIMAL).rpartition("/")[0]
    table = api.get(path, accept="application/json;as=Table;v=v1;g=meta.k8s.io").body
    names = [column["name"] for column in table["columnDefinitions"]]
    assert names == ["Name", *(column.name for column in TracerRouter.resource.columns)]


def test_the_kinds_have_a_short_name_and_a_category(api: ApiServer) -> None:
    resources = api.get("/apis/tracerml.ai/v1alpha1").body["resources"]
    found = {
        resource["name"]: (resource.get("shortNames"), resource.get("categories"))
        for resource in resources
        if "/" not in resource["name"]
    }
    assert found == {
        "tracerrouters": (["trouter"], ["tracer"]),
        "tracerrevisions": (["trev"], ["tracer"]),
    }
