"""What users see of a router: its row in a table, and its explanation."""

from datetime import timedelta
from decimal import Decimal

from support.world import World
from tracer_cli.explain import explain_router, tabulate_routers
from tracer_cli.output import format_table
from tracer_core.contracts.counters import LegCounters
from tracer_router.api import TracerRevision, TracerRouter
from tracer_router.resources.manifest import ObjectKey
from unit.tracer_router.handlers.test_rollouts import audited, live, shadow


def _read(world: World) -> tuple[TracerRouter, list[TracerRevision]]:
    revisions = [
        TracerRevision.model_validate(manifest)
        for key, manifest in sorted(world.cluster.objects.items())
        if key.kind == "TracerRevision"
    ]
    router = world.cluster.objects[ObjectKey("TracerRouter", "tickets")]
    return TracerRouter.model_validate(router), revisions


def _explanation(world: World) -> str:
    return "\n".join(explain_router(*_read(world), world.now))


async def test_agreement_is_that_of_the_live_revision_during_a_rollout() -> None:
    world = await live(World())
    before = world.status()["agreement"]

    await shadow(world, 2)

    assert world.status()["candidate"] == 2
    assert world.status()["agreement"] == before
    assert f" {before['estimate']} " in format_table(
        tabulate_routers([_read(world)[0]])
    )


async def test_agreement_is_that_of_the_candidate_before_the_first_live_revision() -> (
    None
):
    world = await shadow(World())

    audited(world, 1, agreed=8, disagreed=2)
    await world.reconcile()

    assert world.status()["agreement"]["n"] == 10


async def test_explain_shows_once_what_is_missing() -> None:
    world = await shadow(World())

    missing = world.status()["next"]

    assert _explanation(world).count(missing) == 1
    assert f"\n  next: {missing}" in _explanation(world)


async def test_explain_shows_how_long_the_missing_audits_take() -> None:
    world = await shadow(World())
    audited(world, 1, agreed=20, disagreed=1)
    await world.reconcile()
    router, revisions = _read(world)
    since = revisions[-1].status.traffic_since
    assert since is not None

    early = explain_router(router, revisions, since + timedelta(minutes=21))
    late = explain_router(router, revisions, since + timedelta(minutes=42))

    needed = int(world.status()["next"].split()[1])
    assert f"expected: about {needed} more audits, {needed} min at" in "\n".join(early)
    assert 60 < needed < 120
    assert f"expected: about {needed} more audits, 2 h at" in "\n".join(late)


async def test_explain_counts_the_requests_of_ended_boots() -> None:
    world = await shadow(World())
    audited(world, 1, agreed=5)
    world.flow = {}
    world.counts[1] = {
        "requests": 90,
        "surrogate": 5,
        "teacher": 60,
        "cached": 12,
        "refused": 3,
        "failed": 10,
    }
    world.counts[0] = {"diverted": 40}
    await world.reconcile()
    world.boots[1] = 1

    await world.reconcile()

    explanation = _explanation(world)
    fates = "10 answered by the surrogate, 120 by the teacher, 24 from the cache"
    errors = "6 refused, 20 failed with an internal error"
    assert f"requests: 180 received; {fates}, {errors}\n" in explanation
    assert "forwarded to a candidate in addition: 40 requests\n" in explanation


async def test_explain_shows_the_counts_of_each_guard() -> None:
    world = await shadow(World())
    audited(world, 1, agreed=5)
    world.flow = {}
    world.counts[1] = {"surrogate_leg": LegCounters(questions=7, slow=1)}

    await world.reconcile()

    guards = [
        line.strip() for line in _explanation(world).splitlines() if "guard:" in line
    ]
    questions = world.tasks[1].requests + world.flowed[1]
    assert guards == [
        f"guard: internal errors: 0 of {questions}, limit 0.1%",
        (
            "guard: slow surrogate path (over 50 ms from the parsed request to the"
            " complete answer): 1 of 7, limit 5.0%"
        ),
    ]


async def test_the_cost_avoided_by_the_cache_is_separate_from_the_savings() -> None:
    world = await live(World())
    audited(world, 1, agreed=100)
    costs = {"cost_saved": "8", "cost_teacher": "10", "cost_cached": "2"}
    world.tasks[1] = world.tasks[1].model_copy(
        update={name: Decimal(cost) for name, cost in costs.items()}
    )

    await world.reconcile()

    assert world.status()["saved"] == "$8.00 (40.0%)"
    assert world.status()["savings"]["avoided"] == "8.000000"
    assert world.status()["savings"]["cached"] == "2.000000"
    saved = "saved: $8.00 (40.0%); the cache additionally avoided $2.00\n"
    assert saved in _explanation(world)


async def test_the_status_does_not_change_with_the_time_alone() -> None:
    world = await shadow(World())
    audited(world, 1, agreed=20, disagreed=1)
    world.flow = {}
    await world.reconcile(3)
    before = world.status()

    await world.reconcile(3, seconds=3600)

    assert world.status() == before
