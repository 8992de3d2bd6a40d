"""A router with a sentence encoder: attempts, live revisions, and failures."""

import json
from datetime import timedelta
from typing import Any

from support.world import World, change_spec, in_training, make_router
from tracer_router.resources.manifest import ObjectKey
from unit.tracer_router.handlers.test_rollouts import live

ENDPOINT = {
    "url": "https://embed.example.com/v1",
    "model": "small",
    "apiKey": {"secretName": "embeddings"},
}
NAMED = {"surrogate": {"embedder": {"endpoint": ENDPOINT}}}
OTHER = {"surrogate": {"embedder": {"onnx": {"claimName": "encoders"}}}}


def request(world: World, attempt: int) -> dict[str, Any]:
    """Return the request that the pods of an attempt read."""
    key = ObjectKey("ConfigMap", f"tickets-r{attempt}-attempt")
    found: dict[str, Any] = json.loads(
        world.cluster.objects[key]["data"]["request.json"]
    )
    return found


def fail(world: World, attempt: int, *messages: str) -> None:
    """Let the pods of an attempt fail one after another, and then its Job."""
    for number, message in enumerate(messages):
        end = {
            "exitCode": 1,
            "reason": "Error",
            "message": message,
            "finishedAt": f"2026-11-23T12:00:0{number}Z",
        }
        status = {
            "phase": "Failed",
            "containerStatuses": [{"state": {"terminated": end}}],
        }
        world.put_pod(
            f"tickets-r{attempt}-training-{number}", "training", attempt, status
        )
    failed = {
        "type": "Failed",
        "status": "True",
        "reason": "BackoffLimitExceeded",
        "message": "Job has reached the specified backoff limit",
    }
    job = world.cluster.objects[ObjectKey("Job", f"tickets-r{attempt}-training")]
    job["status"] = {"conditions": [failed]}


async def test_the_request_of_an_attempt_names_the_encoder_and_not_its_key() -> None:
    world = await in_training(**NAMED)

    assert world.spec(1)["attempt"]["embedder"] == {
        "endpoint": ENDPOINT
        | {"apiKey": {"secretName": "embeddings", "key": "api-key"}}
    }
    assert request(world, 1)["embedder"] == {
        "endpoint": {"url": ENDPOINT["url"], "model": "small"}
    }


async def test_an_attempt_keeps_its_first_encoder() -> None:
    world = await in_training(**NAMED)
    before = request(world, 1)
    await change_spec(world, **OTHER)

    assert request(world, 1) == before
    assert world.cluster.writes.count("apply Job/tickets-r1-training") == 1


async def test_another_encoder_does_not_change_the_live_revision() -> None:
    world = World(router=make_router(**NAMED))
    await live(world)
    deployment = ObjectKey("Deployment", "tickets-r1")
    before, writes = world.cluster.objects[deployment], len(world.cluster.writes)
    await change_spec(world, **OTHER)

    assert world.cluster.objects[deployment] == before
    assert world.revision(1)["phase"] == "Live"
    assert world.pushed[-1][1].build(1).surrogate
    written = world.cluster.writes[writes:]
    assert {write.split()[1].partition("/")[0] for write in written} <= {"TracerRouter"}
    assert world.names("TracerRevision") == ["tickets-r0", "tickets-r1"]


async def test_the_next_attempt_uses_the_encoder_of_the_present_spec() -> None:
    world = World(router=make_router(**NAMED))
    await live(world)
    await change_spec(world, **OTHER)
    world.count(0, requests=9000, uniform_labelled=9000)
    world.count(1, requests=9000, uniform_labelled=9000)
    await world.reconcile(3)

    assert request(world, 2)["embedder"] == {"volume": "encoders"}


async def test_an_attempt_without_its_endpoint_is_rejected_and_retried() -> None:
    world = await in_training(**NAMED)
    why = (
        "no embedding from https://embed.example.com/v1: HTTP 401: check the"
        " endpoint, the model 'small' and the key"
    )
    last = f"2026-11-23 12:00:00,1 begun\n2026-11-23 12:00:01,2 attempt failed: {why}\n"
    fail(world, 1, "2026-11-23 11:59:59 attempt failed: another cause\n", last)
    await world.reconcile(2)

    assert world.revision(1)["phase"] == "Rejected"
    assert world.revision(1)["reason"] == (
        f"training failed: Job has reached the specified backoff limit: {why}"
    )
    assert world.condition("Certified")[:2] == ("False", "TrainingFailed")
    assert "the last attempt was rejected; next attempt at" in world.status()["next"]
    world.now += timedelta(minutes=11)
    world.count(0, requests=2000, uniform_labelled=2000)
    await world.reconcile(2)
    assert world.revision(2)["phase"] == "Training"


async def test_the_message_of_an_unexpected_error_is_not_reported() -> None:
    world = await in_training(**NAMED)
    fail(world, 1, "Traceback ...\nValueError: my card number is 4111")
    await world.reconcile(2)

    assert world.revision(1)["reason"] == (
        "training failed: Job has reached the specified backoff limit"
    )


async def test_a_job_that_ran_out_of_memory_is_reported() -> None:
    world = await in_training(**NAMED)
    fail(world, 1, "")
    key = ObjectKey("Pod", "tickets-r1-training-0")
    (status,) = world.cluster.objects[key]["status"]["containerStatuses"]
    status["state"]["terminated"]["reason"] = "OOMKilled"
    await world.reconcile(2)

    assert world.revision(1)["reason"].endswith("backoff limit: OOMKilled")


async def test_a_missing_volume_is_reported_while_the_attempt_waits() -> None:
    world = await in_training(**OTHER)
    error = 'persistentvolumeclaim "encoders" not found'
    unscheduled = {"type": "PodScheduled", "status": "False", "message": error}
    status = {"phase": "Pending", "conditions": [unscheduled]}
    world.put_pod("tickets-r1-training-x", "training", 1, status)
    await world.reconcile(2)

    message = f"attempt 1 is in training, but one of its pods does not start: {error}"
    assert world.status()["next"] == message
    assert world.condition("Reconciling") == ("True", "Training", message)
    world.finish_training(1)
    await world.reconcile()
    assert error not in (world.status()["next"] or "")
