"""The Job of an attempt: one pod, or a driver and workers."""

from dataclasses import replace
from typing import Any

from support.configuration import config_of
from support.manifests import revision_manifest, router_manifest, with_field
from support.world import INSTALLATION
from tracer_core.contracts.runtime_config import TrainingConfig
from tracer_router.api import TracerRevision, TracerRouter
from tracer_router.resources.manifest import Manifest
from tracer_router.resources.training_job import build_training

ROUTER = TracerRouter.model_validate(
    with_field(router_manifest(), "metadata", {"name": "tickets", "namespace": "team"})
)
POD_LABELS = {
    "app.kubernetes.io/component": "training",
    "tracerml.ai/router": "tickets",
    "tracerml.ai/revision": "1",
}
RESTRICTED_POD = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "runAsGroup": 65532,
    "fsGroup": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def training(**attempt: Any) -> list[Manifest]:
    manifest = revision_manifest()
    manifest["spec"]["attempt"] |= attempt
    revision = TracerRevision.model_validate(manifest)
    return build_training(ROUTER, revision, INSTALLATION)


def container(job: Manifest) -> Manifest:
    (only,) = job["spec"]["template"]["spec"]["containers"]
    return dict(only)


def training_config(job: Manifest) -> TrainingConfig | None:
    return config_of(container(job)).training


def test_an_attempt_in_one_pod_is_a_single_job() -> None:
    (job,) = training()

    settings = {key: job["spec"][key] for key in job["spec"] if key != "template"}
    assert settings == {"backoffLimit": 3, "activeDeadlineSeconds": 3600}
    assert container(job)["command"] == ["python3", "-m", "tracer_bentos.training"]
    assert training_config(job) is None
    assert "subdomain" not in job["spec"]["template"]["spec"]


def test_a_distributed_attempt_is_an_indexed_job_that_succeeds_with_index_0() -> None:
    *_, job = training(engine="Dask", workers=4)

    settings = {key: job["spec"][key] for key in job["spec"] if key != "template"}
    disrupted = {"type": "DisruptionTarget", "status": "True"}
    ignored = {"action": "Ignore", "onPodConditions": [disrupted]}
    assert settings == {
        "completionMode": "Indexed",
        "completions": 5,
        "parallelism": 5,
        "backoffLimitPerIndex": 3,
        "maxFailedIndexes": 0,
        "podFailurePolicy": {"rules": [ignored]},
        "successPolicy": {"rules": [{"succeededIndexes": "0"}]},
        "activeDeadlineSeconds": 3600,
    }
    assert container(job)["command"][2] == "tracer_bentos.training.run.dask_main"


def test_pods_connect_to_index_0_by_its_host_name() -> None:
    service, _, job = training(engine="Dask", workers=4)

    assert service["metadata"]["name"] == "tickets-r1-training"
    assert service["spec"] == {
        "clusterIP": "None",
        "publishNotReadyAddresses": True,
        "selector": POD_LABELS,
        "ports": [{"name": "scheduler", "port": 8786}],
    }
    assert job["metadata"]["name"] == "tickets-r1-training"
    assert job["spec"]["template"]["spec"]["subdomain"] == "tickets-r1-training"
    address = "tcp://tickets-r1-training-0.tickets-r1-training.team.svc:8786"
    assert training_config(job) == TrainingConfig(scheduler=address, workers=4)


def test_only_pods_of_the_attempt_can_connect_to_each_other() -> None:
    _, policy, job = training(engine="Dask", workers=4)

    pods = {"matchLabels": POD_LABELS}
    assert policy["apiVersion"] == "networking.k8s.io/v1"
    assert policy["kind"] == "NetworkPolicy"
    assert policy["spec"] == {
        "podSelector": pods,
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": pods}]}],
    }
    assert POD_LABELS.items() <= job["spec"]["template"]["metadata"]["labels"].items()


def test_pods_of_both_engines_are_restricted_and_have_no_token() -> None:
    for job in (training()[-1], training(engine="Dask", workers=4)[-1]):
        pod = job["spec"]["template"]["spec"]

        assert pod["securityContext"] == RESTRICTED_POD
        assert pod["automountServiceAccountToken"] is False
        assert container(job)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_the_pods_of_an_attempt_are_spread_over_nodes() -> None:
    job = training(engine="Dask", workers=4)[-1]

    (spread,) = job["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname"
    assert spread["labelSelector"] == {"matchLabels": POD_LABELS}


def test_host_names_are_valid_for_the_longest_router_name() -> None:
    manifest = revision_manifest()
    manifest["spec"] |= {"revision": 9999}
    manifest["spec"]["attempt"] |= {"engine": "Dask", "workers": 100}
    metadata = {"name": "a" * 40, "namespace": "team"}
    router = TracerRouter.model_validate(
        with_field(router_manifest(), "metadata", metadata)
    )

    *_, job = build_training(
        router, TracerRevision.model_validate(manifest), INSTALLATION
    )

    assert len(f"{job['metadata']['name']}-100") <= 63


def test_resources_of_training_pods_are_those_of_the_router_or_the_chart() -> None:
    requested = {"requests": {"cpu": "2"}, "limits": {"memory": "4Gi"}}
    default = {"requests": {"cpu": "100m", "memory": "1Gi"}}
    installation = replace(INSTALLATION, training_resources=default)
    for attempt in ({"engine": "Local"}, {"engine": "Dask", "workers": 2}):
        manifest = revision_manifest()
        manifest["spec"]["attempt"] |= attempt
        revision = TracerRevision.model_validate(manifest)
        without = TracerRouter.model_validate(
            with_field(ROUTER.to_manifest(), "spec.training.resources", None)
        )

        jobs = [
            build_training(router, revision, settings)[-1]
            for router in (ROUTER, without)
            for settings in (INSTALLATION, installation)
        ]

        resources = [container(job).get("resources") for job in jobs]
        assert resources == [requested, requested, None, default]
