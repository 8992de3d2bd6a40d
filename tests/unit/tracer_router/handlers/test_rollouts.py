"""Rollouts: shadow, guards, deadlines, requests of users, drift, and rollback."""

from datetime import timedelta
from typing import Any

import pytest

from support.world import World, make_router
from tracer_core.contracts.counters import LegCounters
from tracer_core.contracts.evidence import CellEvidence
from tracer_router.planning.state.plan import EventRecord, EventType

DAY = 86_400


async def shadow(world: World, attempt: int = 1) -> World:
    """Bring an attempt to the shadow phase."""
    rows = 1000 * attempt**2
    world.count(0, requests=30_000, uniform_labelled=rows)
    await world.reconcile(3)
    world.finish_training(attempt, coverage=0.5 + attempt / 10)
    await world.reconcile(2)
    world.load(attempt)
    world.flow = {0: 6000, attempt - 1: 6000, attempt: 30}
    await world.reconcile(2)
    return world


def audited(world: World, attempt: int, agreed: int, disagreed: int = 0) -> None:
    """Set the audits of a revision; the other revisions receive their traffic."""
    total = agreed + disagreed
    others = world.tasks[0].model_copy(update={"requests": 30_000 + 60 * total})
    world.tasks[0] = others
    world.count(
        attempt,
        requests=2 * total,
        answered=total,
        audits_admitted=total,
        audits_agreed=agreed,
        audits_disagreed=disagreed,
    )


async def live(world: World, attempt: int = 1) -> World:
    """Bring an attempt to the live phase."""
    await shadow(world, attempt)
    audited(world, attempt, agreed=100)
    await world.reconcile(8)
    assert world.revision(attempt)["phase"] == "Live"
    world.flow = {}
    return world


def annotate(world: World, **annotations: str) -> None:
    """Set annotations of the router."""
    router = world.router_now()
    named = router["metadata"].setdefault("annotations", {})
    for key, text in annotations.items():
        named[f"tracerml.ai/{key.replace('_', '-')}"] = text
    world.cluster.put(router)


def refusals(world: World) -> list[str]:
    """Return the messages of the refused requests."""
    refused = [
        event for event in world.cluster.events if event.reason == "RequestRefused"
    ]
    assert {event.type for event in refused} <= {EventType.WARNING}
    return [event.message for event in refused]


def policy_of(world: World, number: int = 1) -> Any:
    """Return the policy that the pods of a revision received last."""
    return world.pushed[-1][1].build(number)


async def test_a_shadow_is_audited_and_never_answers() -> None:
    world = await shadow(World())
    assert world.weights() == {"tickets-r0": 50, "tickets-r1": 50}
    assert (policy_of(world).surrogate, policy_of(world).audit) == (False, 1.0)
    assert policy_of(world).bundle == "sha256:bundle1"
    assert world.condition("Certified")[0] == "True"


async def test_a_bad_shadow_never_answers() -> None:
    world = await shadow(World())
    audited(world, 1, agreed=60, disagreed=40)
    await world.reconcile(2)
    assert world.revision(1)["phase"] == "RolledBack"
    assert not any(document.build(1).surrogate for _, document in world.pushed)


async def test_a_shadow_takes_only_the_first_weight_while_another_is_live() -> None:
    world = await shadow(await live(World()), attempt=2)
    assert world.weights() == {"tickets-r1": 95, "tickets-r2": 5}


async def test_without_a_gateway_the_stable_pods_divert_the_share() -> None:
    world = await shadow(World(router=make_router(traffic={})))
    diverted = policy_of(world, 0).divert
    assert (diverted.revision, diverted.share) == (1, 0.5)
    assert diverted.url == "http://tickets-r1.default.svc"
    audited(world, 1, agreed=100)
    shares = []
    while world.revision(1)["phase"] != "Live":
        await world.reconcile()
        diverted = policy_of(world, 0).divert
        shares.append(diverted.share if diverted else None)
    assert list(dict.fromkeys(shares)) == [0.05, 0.25, 1.0, None]
    assert world.front() == 1


async def test_with_a_sticky_split_the_route_has_only_the_stable_backend() -> None:
    traffic = {"gateway": {"name": "gw"}, "split": "Sticky"}
    world = await shadow(World(router=make_router(traffic=traffic)))
    assert world.weights() == {"tickets-r0": 100}
    assert policy_of(world, 0).divert.share == 0.5


async def test_a_rollback_ends_the_diversion_with_the_same_push() -> None:
    world = await shadow(World(router=make_router(traffic={})))
    audited(world, 1, agreed=60, disagreed=40)
    await world.reconcile()
    assert world.revision(1)["phase"] == "RolledBack"
    assert (policy_of(world, 0).divert, policy_of(world, 1).surrogate) == (None, False)


async def test_full_weight_waits_for_a_whole_period_of_the_traffic() -> None:
    world = await shadow(World(router=make_router(rollout={"period": "24h"})))
    audited(world, 1, agreed=300)
    await world.reconcile(8)
    assert world.weights() == {"tickets-r0": 75, "tickets-r1": 25}
    assert "one traffic period of 24h must pass first" in world.status()["next"]
    await world.reconcile(2, seconds=DAY)
    assert world.weights() == {"tickets-r1": 100}


async def test_manual_promotion_waits_for_the_command() -> None:
    spec = {"period": "1s", "promotion": "Manual"}
    world = await shadow(World(router=make_router(rollout=spec)))
    audited(world, 1, agreed=300)
    await world.reconcile(8)
    assert world.weights() == {"tickets-r0": 75, "tickets-r1": 25}
    assert "run `tracer-router promote tickets`" in world.status()["next"]
    annotate(world, do_one="promote 1")
    await world.reconcile(3)
    assert world.status()["phase"] == "Live"
    assert world.status()["handled"] == ["one"]
    promoted = EventRecord("Promote", "promote of revision 1 (one): done")
    assert world.cluster.events.count(promoted) == 1


async def test_a_promotion_does_not_replace_evidence() -> None:
    world = await shadow(World())
    annotate(world, do_one="promote 1")
    await world.reconcile(10)
    assert world.weights() == {"tickets-r0": 50, "tickets-r1": 50}


async def test_a_crash_loop_does_not_reset_the_deadline() -> None:
    spec = {"period": "1s", "maxDuration": "1h", "onInconclusive": "Rollback"}
    world = await shadow(World(router=make_router(rollout=spec)))
    for boot in range(1, 8):
        world.boots[1] = boot
        world.loaded[1] = None if boot % 2 else "sha256:bundle1"
        await world.reconcile(seconds=600)
    assert world.revision(1)["phase"] == "RolledBack"
    assert world.revision(1)["reason"].startswith("inconclusive after 1h")


async def test_an_inconclusive_rollout_holds_by_default() -> None:
    spec = {"period": "1s", "maxDuration": "1h"}
    world = await shadow(World(router=make_router(rollout=spec)))
    await world.reconcile(3, seconds=3600)
    assert world.weights() == {"tickets-r0": 50, "tickets-r1": 50}
    assert world.condition("Reconciling")[:2] == ("False", "Inconclusive")


async def test_internal_errors_roll_back() -> None:
    world = await shadow(World())
    audited(world, 1, agreed=40)
    world.faults[1] = 8
    await world.reconcile(2)
    assert world.revision(1)["phase"] == "RolledBack"
    assert "internal errors above 0.1%" in world.revision(1)["reason"]


SLOW, QUICK = LegCounters(questions=400, slow=60), LegCounters(questions=9_000)
ALLOWED = LegCounters(questions=400, slow=18)
"""Slow requests by path: 15%, none, and 4.5%, where 5% are allowed."""


@pytest.mark.parametrize("leg", ["surrogate", "teacher"])
async def test_a_candidate_slow_on_one_path_is_rolled_back_with_the_path_as_reason(
    leg: str,
) -> None:
    world = await shadow(World())
    audited(world, 1, agreed=40)
    legs = {"surrogate_leg": QUICK, "teacher_leg": QUICK}
    world.counts[1] = legs | {f"{leg}_leg": SLOW}
    await world.reconcile(2)
    assert world.revision(1)["phase"] == "RolledBack"
    assert f"slow {leg} path (over 50 ms" in world.revision(1)["reason"]
    assert "above 5.0%: 60 of 400 requests" in world.revision(1)["reason"]
    assert world.condition("Certified")[2] == world.revision(1)["reason"]
    assert policy_of(world).surrogate is False


async def test_a_candidate_with_allowed_latency_on_both_paths_goes_live() -> None:
    world = await shadow(World())
    audited(world, 1, agreed=100)
    world.counts[1] = {"surrogate_leg": ALLOWED, "teacher_leg": ALLOWED}
    await world.reconcile(8)
    assert world.revision(1)["phase"] == "Live"


async def test_a_live_revision_that_becomes_slow_on_one_path_is_rolled_back() -> None:
    world = await live(World())
    world.counts[1] = {"surrogate_leg": SLOW, "teacher_leg": QUICK}
    await world.reconcile(2)
    assert world.revision(1)["phase"] == "RolledBack"
    assert "slow surrogate path" in world.revision(1)["reason"]


async def test_a_retry_is_evaluated_by_its_own_latency() -> None:
    world = await shadow(World())
    world.counts[1] = {"surrogate_leg": SLOW}
    await world.reconcile(2)
    assert world.revision(1)["phase"] == "RolledBack"
    annotate(world, do_b="retry 1")
    await world.reconcile(3)
    assert world.revision(1)["phase"] == "Shadow"
    twice = LegCounters(questions=800, slow=120)
    world.counts[1] = {"surrogate_leg": twice}
    await world.reconcile(2)
    assert world.revision(1)["phase"] == "RolledBack"
    assert "60 of 400 requests" in world.revision(1)["reason"]


async def test_a_candidate_that_receives_more_than_its_weight_is_held() -> None:
    world = await shadow(World())
    audited(world, 1, agreed=16)
    await world.reconcile()
    assert world.weights() == {"tickets-r0": 95, "tickets-r1": 5}
    world.count(1, requests=32, answered=800, audits_agreed=800)
    world.flow = {1: 800}
    await world.reconcile(4)
    assert world.weights() == {"tickets-r0": 95, "tickets-r1": 5}
    assert "instead of 5%" in world.status()["next"]
    assert world.status()["weight"] == {"asked": 5, "observed": 100}


async def test_pausing_holds_a_rollout_and_rollback_stays_automatic() -> None:
    world = await shadow(World())
    annotate(world, paused="ann, 9 o'clock")
    audited(world, 1, agreed=300)
    await world.reconcile(4)
    assert world.weights() == {"tickets-r0": 50, "tickets-r1": 50}
    assert world.condition("Reconciling") == (
        "False",
        "Paused",
        (
            "Paused: the rollout of revision 1 and new training attempts are on hold; "
            "run `tracer-router resume tickets`"
        ),
    )
    audited(world, 1, agreed=300, disagreed=300)
    await world.reconcile(2)
    assert world.revision(1)["phase"] == "RolledBack"


async def test_abort_precedes_promote() -> None:
    world = await shadow(World())
    annotate(world, do_a="promote 1", do_b="abort 1")
    await world.reconcile(2)
    assert world.revision(1)["phase"] == "RolledBack"
    assert world.revision(1)["reason"] == "aborted by request b"
    assert world.status()["handled"] == ["a", "b"]
    assert refusals(world) == [
        (
            "promote of revision 1 (a): the revision must be Canary or Shadow, "
            "but is RolledBack"
        )
    ]


async def test_a_late_request_does_not_affect_another_revision() -> None:
    world = await shadow(await live(World()), attempt=2)
    annotate(world, do_late="abort 1")
    await world.reconcile(2)
    assert world.revision(1)["phase"] == "Live"
    assert world.revision(2)["phase"] == "Shadow"


async def test_an_invalid_request_is_refused_once() -> None:
    world = await shadow(World())
    annotate(world, do_x="explode 1", do_y="promote one")
    await world.reconcile(4)
    assert len(refusals(world)) == 2


async def test_a_blocked_bundle_is_rolled_out_again_only_on_request() -> None:
    world = await shadow(World())
    annotate(world, do_a="abort 1")
    await world.reconcile(2)
    assert world.status()["barred"] == ["sha256:bundle1"]
    annotate(world, do_b="retry 1")
    await world.reconcile(3)
    assert world.status()["barred"] == []
    assert world.revision(1)["phase"] == "Shadow"


async def test_a_retry_keeps_its_earlier_audits_for_promotion() -> None:
    world = await shadow(World())
    audited(world, 1, agreed=60, disagreed=40)
    await world.reconcile(2)
    annotate(world, do_b="retry 1")
    await world.reconcile(3)
    audited(world, 1, agreed=160, disagreed=40)
    await world.reconcile(4)
    assert world.revision(1)["phase"] == "Shadow"
    assert world.weights() == {"tickets-r0": 50, "tickets-r1": 50}


async def test_the_previous_revision_replaces_a_rolled_back_one_during_the_soak() -> (
    None
):
    world = await live(await live(World()), attempt=2)
    assert world.revision(1)["phase"] == "Superseded"
    audited(world, 2, agreed=200, disagreed=200)
    await world.reconcile(2)
    assert world.revision(2)["phase"] == "RolledBack"
    assert world.revision(1)["phase"] == "Live"
    assert world.weights() == {"tickets-r1": 100}
    assert policy_of(world, 1).surrogate
    assert not policy_of(world, 2).surrogate


async def test_after_the_soak_the_teacher_serves_on_rollback() -> None:
    world = await live(await live(World()), attempt=2)
    await world.reconcile(2, seconds=2 * 3600)
    audited(world, 2, agreed=200, disagreed=200)
    await world.reconcile(4)
    assert world.revision(1)["phase"] == "Superseded"
    assert world.weights() == {"tickets-r0": 100}


async def test_drift_is_detected_after_a_long_period_without_drift() -> None:
    world = await live(World())
    agreed, disagreed = 100, 0
    for _ in range(20):
        agreed += 500
        audited(world, 1, agreed, disagreed)
        await world.reconcile(seconds=3600)
    assert world.revision(1)["phase"] == "Live"
    for _ in range(40):
        agreed, disagreed = agreed + 40, disagreed + 10
        audited(world, 1, agreed, disagreed)
        await world.reconcile(seconds=3600)
        if world.revision(1)["phase"] != "Live":
            break
    assert world.revision(1)["phase"] == "RolledBack"
    assert world.revision(1)["reason"].startswith("drift: ")
    assert disagreed <= 100
    world.tasks[1] = world.tasks[1].model_copy(update={"uniform_labelled": 420})
    await world.reconcile(2)
    assert world.spec(2)["attempt"]["cause"] == "drift"


async def test_a_bad_cell_is_closed_and_the_others_serve() -> None:
    world = await live(World())

    def cells(good: int, bad: int) -> None:
        total = 100 + good + 2 * bad
        audited(world, 1, agreed=100 + good + bad, disagreed=bad)
        world.count(
            1,
            requests=2 * total,
            answered=total,
            audits_admitted=total,
            audits_agreed=100 + good + bad,
            audits_disagreed=bad,
            cells=(
                CellEvidence(cell="balance", agreed=100 + good),
                CellEvidence(cell="card lost", agreed=bad, disagreed=bad),
            ),
        )

    cells(good=400, bad=20)
    await world.reconcile(3)
    assert world.revision(1)["phase"] == "Live"
    assert policy_of(world).closed == ("card lost",)
    assert policy_of(world).surrogate
    assert "without cell 'card lost'" in world.condition("Certified")[2]
    assert world.condition("Certified")[0] == "True"
    closed = [event for event in world.cluster.events if event.reason == "CellClosed"]
    assert {event.type for event in closed} == {EventType.WARNING}


async def test_nothing_is_written_at_rest_while_live() -> None:
    world = await live(World())
    await world.reconcile(8, seconds=600)  # until nothing soaks any more
    world.cluster.writes.clear()
    await world.reconcile(5, seconds=600)
    assert world.cluster.writes == []


@pytest.mark.parametrize("text", ["retrain", "retrain "])
async def test_a_user_can_request_an_attempt(text: str) -> None:
    world = await live(World())
    annotate(world, do_now=text)
    await world.reconcile(3)
    assert world.names("TracerRevision") == ["tickets-r0", "tickets-r1", "tickets-r2"]
    assert world.spec(2)["attempt"]["verb"] == "now"
    await world.reconcile(3)
    assert len(world.names("TracerRevision")) == 3


async def test_an_old_certificate_is_renewed_if_there_are_new_rows() -> None:
    world = await live(World())
    await world.reconcile(2, seconds=40 * DAY)
    assert len(world.names("TracerRevision")) == 2
    world.count(1, answered=100, audits_agreed=100, uniform_labelled=450)
    await world.reconcile(2)
    assert world.spec(2)["attempt"]["cause"] == "age"


async def test_rejected_attempts_back_off_and_have_a_budget() -> None:
    world = World(router=make_router(training={"budget": 3, "growth": "1%"}))
    rows, begun = 1000, world.now
    for attempt in (1, 2, 3):
        world.count(0, requests=30_000, uniform_labelled=rows)
        while f"tickets-r{attempt}" not in world.names("TracerRevision"):
            await world.reconcile(seconds=60)
        world.finish_training(attempt, outcome="Refused", reason="no step", bundle=None)
        await world.reconcile(2, seconds=1)
        rows *= 2
    assert world.now - begun >= timedelta(minutes=30)
    world.count(0, requests=30_000, uniform_labelled=rows)
    await world.reconcile(3, seconds=DAY)
    assert "spec.training.budget is exhausted" in world.status()["next"]


async def test_the_next_attempt_is_about_the_task_that_has_the_traffic() -> None:
    world = await live(World())
    world.other_tasks[0] = ("sha256:new-prompt", 1200)
    await world.reconcile(3)
    assert world.spec(2)["attempt"]["cause"] == "a new task"
    assert world.spec(2)["attempt"]["task"] == "sha256:new-prompt"


async def test_a_candidate_no_better_than_the_incumbent_is_kept_as_evidence() -> None:
    world = await live(World())
    world.count(0, requests=40_000, uniform_labelled=2000)
    await world.reconcile(3)
    world.finish_training(2, coverage=0.605)
    await world.reconcile(2)
    assert world.revision(2)["phase"] == "Rejected"
    assert "not better than the incumbent" in world.revision(2)["reason"]


async def test_the_counts_of_deleted_revisions_are_kept() -> None:
    world = World(router=make_router(historyLimit=1, training={"budget": 50}))
    rows = 1000
    for attempt in range(1, 6):
        world.count(0, requests=30_000, uniform_labelled=rows)
        while f"tickets-r{attempt}" not in world.names("TracerRevision"):
            await world.reconcile(seconds=3600)
        world.finish_training(attempt, outcome="Refused", reason="no step", bundle=None)
        await world.reconcile(3)
        rows = round(rows * 1.6)
    await world.reconcile(4)
    assert len(world.names("TracerRevision")) < 6
    assert world.status()["traces"]["labelled"] == round(rows / 1.6)
