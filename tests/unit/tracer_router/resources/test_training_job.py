"""The Job of an attempt: one pod, or one that drives and others that work."""

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
MINE = {
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
    (found,) = job["spec"]["template"]["spec"]["containers"]
    return dict(found)


def training_config(job: Manifest) -> TrainingConfig | None:
    return config_of(container(job)).training


def test_an_attempt_on_one_pod_is_a_plain_job_and_nothing_else() -> None:
    (job,) = training()

    how = {key: job["spec"][key] for key in job["spec"] if key != "template"}
    assert how == {"backoffLimit": 3, "activeDeadlineSeconds": 3600}
    assert container(job)["command"] == ["python3", "-m", "tracer_bentos.training"]
    assert training_config(job) is None
    assert "subdomain" not in job["spec"]["template"]["spec"]


def test_an_attempt_on_many_pods_is_an_indexed_job_that_index_0_decides() -> None:
    *_, job = training(engine="Dask", workers=4)

    how = {key: job["spec"][key] for key in job["spec"] if key != "template"}
    disrupted = {"type": "DisruptionTarget", "status": "True"}
    ignored = {"action": "Ignore", "onPodConditions": [disrupted]}
    assert how == {
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


def test_the_pods_find_index_0_by_the_name_that_the_service_gives_it() -> None:
    service, _, job = training(engine="Dask", workers=4)

    assert service["metadata"]["name"] == "tickets-r1-training"
    assert service["spec"] == {
        "clusterIP": "None",
        "publishNotReadyAddresses": True,
        "selector": MINE,
        "ports": [{"name": "scheduler", "port": 8786}],
    }
    assert job["metadata"]["name"] == "tickets-r1-training"
    assert job["spec"]["template"]["spec"]["subdomain"] == "tickets-r1-training"
    found = "tcp://tickets-r1-training-0.tickets-r1-training.team.svc:8786"
    assert training_config(job) == TrainingConfig(scheduler=found, workers=4)


def test_nobody_but_the_attempts_own_pods_gets_in() -> None:
    _, policy, job = training(engine="Dask", workers=4)

    mine = {"matchLabels": MINE}
    assert policy["apiVersion"] == "networking.k8s.io/v1"
    assert policy["kind"] == "NetworkPolicy"
    assert policy["spec"] == {
        "podSelector": mine,
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": mine}]}],
    }
    assert MINE.items() <= job["spec"]["template"]["metadata"]["labels"].items()


def test_pods_of_either_engine_are_restricted_and_hold_no_token() -> None:
    for job in (training()[-1], training(engine="Dask", workers=4)[-1]):
        pod = job["spec"]["template"]["spec"]

        assert pod["securityContext"] == RESTRICTED_POD
        assert pod["automountServiceAccountToken"] is False
        assert container(job)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_the_pods_of_an_attempt_are_spread_over_machines() -> None:
    job = training(engine="Dask", workers=4)[-1]

    (spread,) = job["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname"
    assert spread["labelSelector"] == {"matchLabels": MINE}


def test_the_host_names_of_the_longest_router_are_host_names() -> None:
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


def test_pods_of_either_engine_ask_for_what_the_router_says_or_else_the_chart() -> None:
    said = {"requests": {"cpu": "2"}, "limits": {"memory": "4Gi"}}
    usual = {"requests": {"cpu": "100m", "memory": "1Gi"}}
    installation = replace(INSTALLATION, training_resources=usual)
    for attempt in ({"engine": "Local"}, {"engine": "Dask", "workers": 2}):
        manifest = revision_manifest()
        manifest["spec"]["attempt"] |= attempt
        revision = TracerRevision.model_validate(manifest)
        silent = TracerRouter.model_validate(
            with_field(ROUTER.to_manifest(), "spec.training.resources", None)
        )

        jobs = [
            build_training(router, revision, each)[-1]
            for router in (ROUTER, silent)
            for each in (INSTALLATION, installation)
        ]

        found = [container(job).get("resources") for job in jobs]
        assert found == [said, said, None, usual]
