"""The CronJob of a router's store."""

from support.manifests import at, router_manifest
from tracer_router.api import TracerRouter
from tracer_router.resources.installation import Installation
from tracer_router.resources.maintenance import build_maintenance
from tracer_router.resources.manifest import ROUTER_LABEL

INSTALLATION = Installation("ns", "runtime", "s3://default")


def router(uid: str = "u", **spec: object) -> TracerRouter:
    manifest = router_manifest(**spec)
    return TracerRouter.model_validate(at(manifest, "metadata.uid", uid))


def test_it_runs_once_a_night_at_a_minute_of_its_own_and_never_beside_itself() -> None:
    made = [build_maintenance(router(f"u{n}"), INSTALLATION)["spec"] for n in range(20)]
    hours = {int(each["schedule"].split()[1]) for each in made}
    assert hours <= {1, 2, 3, 4}
    assert len({each["schedule"] for each in made}) > 10
    assert {each["concurrencyPolicy"] for each in made} == {"Forbid"}


def test_its_pods_are_no_children_of_the_router() -> None:
    cron = build_maintenance(router(), INSTALLATION)
    template = cron["spec"]["jobTemplate"]["spec"]["template"]
    assert cron["metadata"]["labels"][ROUTER_LABEL] == "tickets"
    assert ROUTER_LABEL not in template["metadata"]["labels"]


def test_it_is_told_the_store_and_the_retention() -> None:
    cron = build_maintenance(router(), INSTALLATION)
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    told = {each["name"]: each["value"] for each in pod["containers"][0]["env"]}
    assert told["TRACER_RETENTION_SECONDS"] == str(30 * 86400)
    assert told["TRACER_STORE_URL"] == "s3://traces/team/tickets"
    assert pod["volumes"] == [{"name": "store", "secret": {"secretName": "bucket"}}]


def test_without_credentials_nothing_is_mounted() -> None:
    cron = build_maintenance(router(traces=None), INSTALLATION)
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert "volumes" not in pod
    assert "volumeMounts" not in pod["containers"][0]
