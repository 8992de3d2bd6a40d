"""An attempt on several pods: creation, result, and cleanup."""

from typing import Any

from support.world import World, change_spec, in_training
from tracer_core.contracts.training import AttemptOutcome
from tracer_router.resources.manifest import ObjectKey

DASK = {"training": {"engine": "Dask", "workers": 3}}
LOCAL = {"training": {"engine": "Local"}}
NAME = "tickets-r1-training"


def job(world: World) -> dict[str, Any]:
    return world.cluster.objects[ObjectKey("Job", NAME)]


def end_pod(world: World, index: int, message: str) -> None:
    """Let the pod of an index succeed."""
    metadata = {
        "name": f"{NAME}-{index}-x",
        "namespace": "default",
        "labels": {
            "app.kubernetes.io/component": "training",
            "tracerml.ai/router": "tickets",
            "tracerml.ai/revision": "1",
        },
        "annotations": {"batch.kubernetes.io/job-completion-index": str(index)},
    }
    terminated = {"terminated": {"exitCode": 0, "message": message}}
    status = {"phase": "Succeeded", "containerStatuses": [{"state": terminated}]}
    world.cluster.put({"kind": "Pod", "metadata": metadata, "status": status})


async def test_service_and_network_policy_are_created_before_the_job() -> None:
    world = await in_training(**DASK)

    created = [write for write in world.cluster.writes if write.endswith(NAME)]
    assert created == [
        f"apply {kind}/{NAME}" for kind in ("Service", "NetworkPolicy", "Job")
    ]
    assert job(world)["spec"]["completions"] == 4


async def test_an_attempt_keeps_its_first_engine() -> None:
    world = await in_training(**DASK)
    before = job(world)
    await change_spec(world, **LOCAL)

    attempt = world.spec(1)["attempt"]
    assert (attempt["engine"], attempt["workers"]) == ("Dask", 3)
    assert job(world) == before
    assert world.cluster.writes.count(f"apply Job/{NAME}") == 1
    assert NAME in world.names("Service")


async def test_a_changed_spec_does_not_change_a_running_job() -> None:
    world = await in_training(**DASK)
    store = {"store": {"s3": {"bucket": "elsewhere"}}}
    await change_spec(world, **DASK, traces=store)

    assert world.cluster.writes.count(f"apply Job/{NAME}") == 1


async def test_engine_and_workers_do_not_change_the_request() -> None:
    worlds = [await in_training(**spec) for spec in (LOCAL, DASK)]

    first, second = (world.spec(1)["attempt"] for world in worlds)
    assert first["rowSet"] == second["rowSet"]


async def test_a_worker_that_ended_first_does_not_end_the_attempt() -> None:
    world = await in_training(**DASK)
    end_pod(world, 2, "")
    await world.reconcile(2)

    assert world.revision(1)["phase"] == "Training"


async def test_the_result_is_that_of_index_0_and_its_service_is_deleted() -> None:
    world = await in_training(**DASK)
    world.finish_training(1)
    status = world.cluster.objects[ObjectKey("Pod", f"{NAME}-x")]["status"]
    message = status["containerStatuses"][0]["state"]["terminated"]["message"]
    await world.cluster.delete("default", ObjectKey("Pod", f"{NAME}-x"))
    end_pod(world, 1, "")
    end_pod(world, 0, message)
    await world.reconcile(2)

    assert world.revision(1)["phase"] == "Shadow"
    assert NAME not in world.names("Service")
    # As long as the Job exists: one of its pods may still be terminating.
    assert NAME in world.names("NetworkPolicy")
    assert NAME in world.names("Job")


async def test_a_result_counts_even_if_a_worker_failed_the_job_afterwards() -> None:
    world = await in_training(**DASK)
    world.finish_training(
        1, outcome=AttemptOutcome.REFUSED, reason="no step", bundle=None
    )
    failed = {"type": "Failed", "status": "True", "reason": "MaxFailedIndexesExceeded"}
    job(world)["status"] = {"conditions": [failed], "failedIndexes": "2"}
    await world.reconcile(2)

    assert world.revision(1)["reason"] == "no step"


async def test_a_failed_job_is_reported_with_its_index() -> None:
    world = await in_training(**DASK)
    failed = {
        "type": "Failed",
        "status": "True",
        "message": "Job has exceeded the specified maximal number of failed indexes",
    }
    job(world)["status"] = {"conditions": [failed], "failedIndexes": "0"}
    await world.reconcile(2)

    assert world.revision(1)["phase"] == "Rejected"
    assert world.revision(1)["reason"] == (
        "training failed: Job has exceeded the specified maximal number of failed"
        " indexes (index 0)"
    )
