"""The whole operator without an API server: observe, plan, execute, and status."""

from datetime import datetime, timedelta

from support.memory_cluster import MemoryCluster
from support.world import START, World, make_router
from tracer_core.constants import OTHER_TASK
from tracer_core.contracts.evidence import Fragmentation, TeacherState
from tracer_core.contracts.training import AttemptOutcome
from tracer_router.planning.state.plan import EventRecord, EventType
from tracer_router.resources.manifest import ObjectKey


async def shadow(world: World) -> World:
    """Bring a candidate to the shadow phase."""
    world.count(0, requests=1000, uniform_labelled=1000)
    await world.reconcile(3)
    world.finish_training(1)
    await world.reconcile(2)
    world.load(1)
    await world.reconcile(2)
    return world


async def canary(world: World) -> World:
    """Bring a candidate to the first step of its rollout."""
    await shadow(world)
    world.count(1, requests=30, audits_admitted=16, audits_agreed=16)
    await world.reconcile(2)
    return world


async def live(world: World) -> World:
    """Bring a surrogate to the live phase."""
    await canary(world)
    world.flow = {0: 6000, 1: 30}
    world.count(1, requests=900, answered=600, audits_admitted=600, audits_agreed=600)
    await world.reconcile(8)
    world.flow = {}
    return world


async def test_a_new_router_passes_everything_through_and_is_ready() -> None:
    world = World()
    await world.reconcile(3)
    assert world.names("TracerRevision") == ["tickets-r0"]
    assert world.weights() == {"tickets-r0": 100}
    assert world.condition("Ready")[:2] == ("True", "TeacherServes")
    assert world.condition("TeacherReachable")[0] == "Unknown"
    assert world.status()["phase"] == "Collecting"
    assert "1000 more labeled requests" in world.status()["next"]


async def test_too_many_tasks_are_reported_with_the_field_that_causes_them() -> None:
    world = World()
    reason = "requests fall into more than 64 tasks, which mostly differ in request_id"
    world.fragmentation = Fragmentation(tasks=9, field="request_id", reason=reason)
    world.count(0, requests=100)
    await world.reconcile(3)
    assert world.condition("Certified")[:2] == ("False", "Collecting")
    world.other_tasks[0] = (OTHER_TASK, 101)
    await world.reconcile(3)
    assert world.condition("Certified") == ("False", "TasksFragmented", reason)


async def test_tasks_that_are_counted_together_are_not_trained_on() -> None:
    world = World()
    world.count(0, requests=100, uniform_labelled=100)
    world.other_tasks[0] = (OTHER_TASK, 5000)
    await world.reconcile(5)
    assert world.names("TracerRevision") == ["tickets-r0"]
    assert world.status()["traces"]["labelled"] == 100


async def test_nothing_is_written_at_rest() -> None:
    world = World()
    await world.reconcile(4)
    world.cluster.writes.clear()
    await world.reconcile(5)
    assert world.cluster.writes == []


async def test_nothing_is_written_at_rest_once_live() -> None:
    world = await live(World())
    await world.reconcile(4)
    world.cluster.writes.clear()
    await world.reconcile(5)
    assert world.cluster.writes == []


async def test_a_revision_exists_before_its_job() -> None:
    world = World()
    world.count(0, requests=1000, uniform_labelled=1000)
    await world.reconcile(5)
    order = [write for write in world.cluster.writes if "r1" in write]
    assert order[0] == "apply TracerRevision/tickets-r1"
    assert "apply Job/tickets-r1-training" in order[1:]


async def test_an_attempt_includes_the_segments_of_the_second_in_which_it_begins() -> (
    None
):
    begun = START + timedelta(milliseconds=700)
    world = World(now=begun)
    world.count(0, requests=1000, uniform_labelled=1000)
    await world.reconcile(5, seconds=0)
    until = datetime.fromisoformat(world.spec(1)["attempt"]["until"])
    assert begun < until <= begun + timedelta(seconds=1)


async def test_a_candidate_takes_no_traffic_before_every_pod_has_it_loaded() -> None:
    world = World()
    world.count(0, requests=1000, uniform_labelled=1000)
    await world.reconcile(3)
    world.finish_training(1)
    world.reasons[1] = "sha256 of the archive is another"
    await world.reconcile(5)
    assert world.weights() == {"tickets-r0": 100, "tickets-r1": 0}
    assert "sha256 of the archive is another" in world.status()["next"]


async def test_the_weight_increases_step_by_step_with_evidence_until_live() -> None:
    world = await shadow(World())
    seen = [(world.status()["phase"], world.weights())]
    world.flow = {0: 6000, 1: 30}
    for agreed in (16, 16, 26, 26, 40, 40, 40):
        world.count(1, requests=2 * agreed, answered=agreed, audits_agreed=agreed)
        await world.reconcile()
        if seen[-1] != (now := (world.status()["phase"], world.weights())):
            seen.append(now)
    assert seen == [
        ("Shadow", {"tickets-r0": 50, "tickets-r1": 50}),
        ("Canary", {"tickets-r0": 95, "tickets-r1": 5}),
        ("Canary", {"tickets-r0": 75, "tickets-r1": 25}),
        ("Canary", {"tickets-r0": 0, "tickets-r1": 100}),
        ("Live", {"tickets-r1": 100}),
    ]


async def test_weight_is_held_without_evidence() -> None:
    world = await canary(World())
    await world.reconcile(10)
    assert world.weights() == {"tickets-r0": 95, "tickets-r1": 5}


async def test_a_bad_candidate_is_switched_off_by_policy_and_rolled_back() -> None:
    world = await canary(World())
    world.count(1, requests=400, answered=300, audits_agreed=200, audits_disagreed=100)
    await world.reconcile()
    policy = world.pushed[-1][1]
    assert not policy.build(1).surrogate
    await world.reconcile()
    assert world.weights() == {"tickets-r0": 100}
    assert world.revision(1)["phase"] == "RolledBack"
    assert world.status()["barred"] == ["sha256:bundle1"]
    assert world.condition("Certified")[:2] == ("False", "RolledBack")
    types = {event.reason: event.type for event in world.cluster.events}
    assert types == {
        "Passthrough": EventType.NORMAL,
        "Training": EventType.NORMAL,
        "Shadow": EventType.NORMAL,
        "Canary": EventType.NORMAL,
        "RolledBack": EventType.WARNING,
    }


async def test_a_bad_live_surrogate_is_replaced_by_the_pass_through() -> None:
    world = await live(World())
    world.count(
        1, requests=5000, answered=3000, audits_agreed=600, audits_disagreed=900
    )
    await world.reconcile(3)
    assert world.weights() == {"tickets-r0": 100}
    assert not world.pushed[-1][1].build(1).surrogate


async def test_a_refusal_is_an_outcome_with_its_reason() -> None:
    world = World()
    world.count(0, requests=1000, uniform_labelled=1000)
    await world.reconcile(3)
    world.finish_training(
        1,
        outcome=AttemptOutcome.REFUSED,
        reason="no step passed at level 0.025",
        bundle=None,
    )
    await world.reconcile(2)
    assert world.revision(1)["phase"] == "Rejected"
    assert world.condition("Certified") == (
        "False",
        "NotCertified",
        "no step passed at level 0.025",
    )
    rejected = [event for event in world.cluster.events if event.reason == "Rejected"]
    assert [event.type for event in rejected] == [EventType.WARNING]
    assert world.condition("Ready")[0] == "True"
    assert world.status()["traces"]["needed"] == 1500


async def test_waiting_after_a_refusal_writes_nothing_while_only_time_passes() -> None:
    world = World()
    world.count(0, requests=1600, uniform_labelled=1600)
    await world.reconcile(3)
    world.finish_training(
        1,
        outcome=AttemptOutcome.REFUSED,
        reason="no step passed at level 0.025",
        bundle=None,
    )
    await world.reconcile(4)
    assert "was rejected; next attempt at 2026-11-23 12:" in world.status()["next"]
    world.cluster.writes.clear()
    await world.reconcile(4)
    assert world.cluster.writes == []


async def test_quarantined_lines_are_named() -> None:
    world = World()
    world.count(0, requests=1000, uniform_labelled=1000)
    await world.reconcile(3)
    world.finish_training(1, quarantined=1, quarantine=("seg:3: not JSON",))
    await world.reconcile(2)
    assert "1 unreadable trace lines quarantined (seg:3: not JSON)" in str(
        world.revision(1)["reason"]
    )


async def test_counts_of_a_restarted_pod_are_kept_and_never_counted_twice() -> None:
    world = World()
    world.count(0, requests=600, uniform_labelled=600)
    await world.reconcile(3)
    world.boots[0] = 1
    world.count(0, requests=100, uniform_labelled=100)
    await world.reconcile(3)
    assert world.status()["traces"]["labelled"] == 700


async def test_the_surrogate_is_off_when_the_target_is_raised() -> None:
    world = await live(World())
    router = make_router(parity={"target": "97%"})
    router["metadata"]["generation"] = 2
    router["status"] = world.status()
    world.cluster.put(router)
    await world.reconcile()
    assert not world.pushed[-1][1].build(1).surrogate
    assert world.condition("Certified")[:2] == ("False", "TargetRaised")


async def test_an_object_of_another_owner_is_not_overwritten() -> None:
    world = World()
    foreign = {
        "kind": "Service",
        "metadata": {"name": "tickets", "namespace": "default", "uid": "other"},
        "spec": {"selector": {"app": "theirs"}},
    }
    world.cluster.put(foreign)
    await world.reconcile(3)
    status, reason, message = world.condition("Stalled")
    assert (status, reason) == ("True", "NameTaken")
    assert world.condition("Reconciling")[:2] == ("False", "NameTaken")
    assert "Service tickets exists and does not belong to this router" in message
    assert "apply Service/tickets" not in world.cluster.writes
    assert world.cluster.events[-1] == EventRecord(reason, message, EventType.WARNING)
    stalls = [event for event in world.cluster.events if event.reason == reason]
    assert len(stalls) == 1


async def test_a_spec_that_this_version_cannot_parse_stalls_and_keeps_the_status() -> (
    None
):
    world = await live(World())
    before = world.status()
    router = world.router_now()
    router["metadata"]["generation"] = 2
    router["spec"]["teacher"]["protocol"] = "Gemini"
    world.cluster.put(router)
    await world.reconcile(2)
    status, reason, message = world.condition("Stalled")
    assert (status, reason) == ("True", "InvalidSpec")
    assert "spec.teacher.protocol: " in message
    assert "install the version of the operator that matches the CRD" in message
    assert world.status()["observedGeneration"] == 2
    kept = ("stable", "coverage", "history", "policyGeneration", "attempts")
    assert {name: world.status()[name] for name in kept} == {
        name: before[name] for name in kept
    }
    event = EventRecord(reason, message, EventType.WARNING)
    assert world.cluster.events.count(event) == 1


async def test_a_revision_that_this_version_cannot_parse_stalls_its_router() -> None:
    world = await live(World())
    key = ObjectKey("TracerRevision", "tickets-r1")
    world.cluster.objects[key]["status"]["phase"] = "Archived"
    await world.reconcile()
    status, reason, message = world.condition("Stalled")
    assert (status, reason) == ("True", "InvalidSpec")
    assert message.startswith("TracerRevision tickets-r1: status.phase: ")
    assert "install the version of the operator that created it" in message


async def test_a_cluster_without_the_gateway_api_stalls_a_router_with_a_gateway() -> (
    None
):
    world = World(cluster=MemoryCluster(unserved=("HTTPRoute",)))
    await world.reconcile()
    status, reason, message = world.condition("Stalled")
    assert (status, reason) == ("True", "GatewayApiMissing")
    assert message == (
        "the cluster does not serve HTTPRoute; install the Gateway API, or remove "
        "spec.traffic.gateway"
    )
    world.cluster.unserved = ()
    await world.reconcile(2)
    assert world.condition("Stalled")[0] == "False"
    assert world.weights() == {"tickets-r0": 100}


async def test_an_unreachable_teacher_is_reported_with_its_cause() -> None:
    world = World()
    world.teacher = TeacherState(reachable=False, cause="connection refused")
    await world.reconcile(3)
    assert world.condition("TeacherReachable") == (
        "False",
        "TeacherUnreachable",
        "connection refused",
    )


def set_suspended(world: World, *, suspend: bool) -> None:
    router = world.router_now()
    router["spec"]["suspend"] = suspend
    world.cluster.put(router)


async def test_a_suspended_router_keeps_its_weight() -> None:
    world = await canary(World())
    set_suspended(world, suspend=True)
    world.count(1, requests=900, answered=600, audits_agreed=600)
    await world.reconcile(4)
    assert world.weights() == {"tickets-r0": 95, "tickets-r1": 5}


async def test_a_suspended_router_with_a_candidate_is_not_reconciling() -> None:
    world = await canary(World())
    assert world.condition("Reconciling")[:2] == ("True", "RollingOut")
    set_suspended(world, suspend=True)
    await world.reconcile(2)
    message = (
        "Suspended: the rollout of revision 1 and new training attempts are on hold; "
        "set spec.suspend to false to resume"
    )
    assert world.condition("Reconciling") == ("False", "Suspended", message)
    assert world.status()["next"] == message
    assert world.condition("Stalled")[0] == "False"
    assert world.status()["phase"] == "Suspended"
    set_suspended(world, suspend=False)
    await world.reconcile()
    assert world.condition("Reconciling")[:2] == ("True", "RollingOut")


async def test_a_suspended_router_rolls_a_bad_candidate_back() -> None:
    world = await canary(World())
    set_suspended(world, suspend=True)
    world.count(1, requests=400, answered=300, audits_agreed=200, audits_disagreed=100)
    await world.reconcile(2)
    assert world.revision(1)["phase"] == "RolledBack"
    assert world.weights() == {"tickets-r0": 100}


async def test_a_suspended_router_without_a_candidate_names_its_attempts() -> None:
    world = await live(World())
    set_suspended(world, suspend=True)
    await world.reconcile(2)
    assert world.condition("Reconciling") == (
        "False",
        "Suspended",
        (
            "Suspended: new training attempts are on hold; "
            "set spec.suspend to false to resume"
        ),
    )


async def test_a_suspended_router_is_reconciling_while_a_job_runs() -> None:
    world = World()
    world.count(0, requests=1000, uniform_labelled=1000)
    await world.reconcile(3)
    set_suspended(world, suspend=True)
    await world.reconcile(2)
    assert world.condition("Reconciling")[:2] == ("True", "Training")


async def test_a_restarted_operator_continues_the_rollout() -> None:
    world = await canary(World())
    world.count(1, requests=60, answered=26, audits_agreed=26)
    await world.reconcile()
    router = world.cluster.objects[ObjectKey("TracerRouter", "tickets")]
    restarted = World(
        router=router,
        cluster=world.cluster,
        now=world.now,
        tasks=world.tasks,
        loaded=world.loaded,
    )
    world.cluster.writes.clear()
    await restarted.reconcile(3)
    assert restarted.weights() == {"tickets-r0": 75, "tickets-r1": 25}
    assert [write for write in world.cluster.writes if "apply" in write] == []
