"""The maintenance CronJob of the store of a router."""

from typing import Any

from support.configuration import config_of
from support.manifests import router_manifest, with_field
from tracer_router.api import TracerRouter
from tracer_router.resources.installation import Installation
from tracer_router.resources.maintenance import build_maintenance
from tracer_router.resources.manifest import ROUTER_LABEL

INSTALLATION = Installation("ns", "runtime", "s3://default")


def router(uid: str = "u", **spec: Any) -> TracerRouter:
    manifest = router_manifest(**spec)
    return TracerRouter.model_validate(with_field(manifest, "metadata.uid", uid))


def test_it_runs_once_a_night_at_different_minutes_and_never_concurrently() -> None:
    made = [build_maintenance(router(f"u{n}"), INSTALLATION)["spec"] for n in range(20)]
    hours = {int(spec["schedule"].split()[1]) for spec in made}
    assert hours <= {1, 2, 3, 4}
    assert len({spec["schedule"] for spec in made}) > 10
    assert {spec["concurrencyPolicy"] for spec in made} == {"Forbid"}


def test_its_pods_do_not_have_the_label_of_the_router() -> None:
    cron = build_maintenance(router(), INSTALLATION)
    template = cron["spec"]["jobTemplate"]["spec"]["template"]
    assert cron["metadata"]["labels"][ROUTER_LABEL] == "tickets"
    assert ROUTER_LABEL not in template["metadata"]["labels"]


def test_it_gets_the_store_and_the_retention() -> None:
    cron = build_maintenance(router(), INSTALLATION)
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    traces = config_of(pod["containers"][0]).traces
    assert traces.retention_seconds == 30 * 86400
    assert traces.store is not None
    assert traces.store.url == "s3://traces/team/tickets"
    assert pod["volumes"] == [{"name": "store", "secret": {"secretName": "bucket"}}]


def test_without_credentials_nothing_is_mounted() -> None:
    cron = build_maintenance(router(traces=None), INSTALLATION)
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert "volumes" not in pod
    assert "volumeMounts" not in pod["containers"][0]
