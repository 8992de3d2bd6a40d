"""An attempt on three pods of a real cluster, whose driver is deleted in the middle."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest

from examples.demo.cluster import Cluster
from examples.demo.images import Reference
from examples.demo.questions import prepare_questions
from examples.demo.traffic import Load
from examples.demo.watch import View
from support.stage import Stage, eventually
from tracer_router.api import AttemptSpec, Engine

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

ROUTER = "crowd"
NAME = f"{ROUTER}-r1-training"
TEACHER = "recorded-teacher"
MINIMUM, WORKERS = 1500, 2
QUICK = Load(rate=100)
INDEX_0 = (
    f"-l=batch.kubernetes.io/job-name={NAME},batch.kubernetes.io/job-completion-index=0"
)


@dataclass(slots=True)
class Story:
    """The observations."""

    stage: Stage
    view: View
    job: dict[str, Any]
    log: str
    left: dict[str, list[str]]

    @property
    def attempt(self) -> AttemptSpec:
        found = self.view.revisions[1].spec.attempt
        assert found is not None
        return found


@pytest.fixture(scope="module")
def story(cluster: Cluster, images: dict[str, Reference]) -> Iterator[Story]:
    stage = Stage(cluster, images, "e2e-dask")
    stage.install()
    # Answers come fast here: the attempt is the story, not the waiting.
    stage.kubectl("set", "env", f"deployment/{TEACHER}", "TEACHER_LATENCY_SCALE=0.1")
    manifest = stage.router(
        ROUTER,
        parity={"target": "85%"},
        training={"minimumTraces": MINIMUM, "engine": "Dask", "workers": WORKERS},
    )
    cluster.apply(stage.namespace, manifest)
    view = asyncio.run(_train(stage))
    done = ("--for=condition=Complete", "--timeout=60s")
    stage.kubectl("wait", f"job/{NAME}", *done)
    job = cluster.get(f"job/{NAME}", "-n", stage.namespace)
    log = stage.kubectl("logs", INDEX_0, "--tail=-1")
    yield Story(stage, view, job, log, _network(stage))
    stage.remove()


async def _train(stage: Stage) -> View:
    questions, watch = prepare_questions(), stage.watch(ROUTER)
    clients = stage.clients(questions, QUICK)
    try:
        await watch.until("a router that takes requests", View.serves, 120)
        await clients.send(islice(questions.endless(), MINIMUM))
        await watch.until("an attempt", lambda it: len(it.revisions) > 1, 60)
        await asyncio.to_thread(_delete_the_driver, stage)
        return await watch.until("its end", _ended, 240)
    finally:
        await clients.close()


def _delete_the_driver(stage: Stage) -> None:
    """Delete index 0 as soon as it runs, before it has read its rows."""
    phase = ("-o", "jsonpath={.items[*].status.phase}")

    def runs() -> bool:
        return stage.kubectl("get", "pods", INDEX_0, *phase) == "Running"

    eventually(runs, "a driver that runs", 60)
    stage.kubectl("delete", "pods", INDEX_0, "--grace-period=0", "--force")


def _ended(view: View) -> bool:
    status = view.revisions[1].status
    return bool(status.tasks) or status.phase == "Rejected"


def _network(stage: Stage) -> dict[str, list[str]]:
    """Return the Services and network policies of the attempts, by kind."""
    label = f"-l=tracerml.ai/router={ROUTER},app.kubernetes.io/component=training"
    items = stage.cluster.get("services,networkpolicies", label, "-n", stage.namespace)
    found: dict[str, list[str]] = {"Service": [], "NetworkPolicy": []}
    for item in items["items"]:
        found[item["kind"]].append(item["metadata"]["name"])
    return found


def test_an_attempt_on_many_pods_earns_a_certificate(story: Story) -> None:
    (task,) = story.view.revisions[1].status.tasks

    assert (story.attempt.engine, story.attempt.workers) == (Engine.DASK, WORKERS)
    assert task.certificate.target == "85%"


def test_every_worker_has_met_the_driver_that_came_after(story: Story) -> None:
    assert story.log.count("Register worker addr") == WORKERS
    assert "Certified" in story.log


def test_the_job_is_complete_and_nothing_but_the_deleted_pod_failed(
    story: Story,
) -> None:
    assert story.job["spec"]["completions"] == WORKERS + 1
    assert story.job["status"]["failed"] == 1
    assert story.job["status"].get("active", 0) == 0


def test_the_way_to_the_pods_is_closed_and_stays_guarded(story: Story) -> None:
    assert story.left == {"Service": [], "NetworkPolicy": [NAME]}


def test_nothing_of_it_outlives_the_router(story: Story) -> None:
    story.stage.kubectl("delete", "tracerrouter", ROUTER)

    def gone() -> bool:
        listed = story.stage.kubectl(
            "get", "jobs,networkpolicies", f"-l=tracerml.ai/router={ROUTER}", "-o=name"
        )
        return listed == ""

    eventually(gone, "a namespace without its Jobs and policies", 60)
