"""What people are told of a router: its agreement in a table, its story in words."""

from datetime import timedelta
from decimal import Decimal

from support.world import World
from tracer_cli.explain import explain_router, tabulate_routers
from tracer_cli.output import format_table
from tracer_core.contracts.evidence import LegEvidence
from tracer_router.api import TracerRevision, TracerRouter
from tracer_router.resources.manifest import ObjectKey
from unit.tracer_router.handlers.test_rollouts import audited, live, shadow


def _read(world: World) -> tuple[TracerRouter, list[TracerRevision]]:
    revisions = [
        TracerRevision.model_validate(each)
        for key, each in sorted(world.cluster.objects.items())
        if key.kind == "TracerRevision"
    ]
    router = world.cluster.objects[ObjectKey("TracerRouter", "tickets")]
    return TracerRouter.model_validate(router), revisions


def _story(world: World) -> str:
    return "\n".join(explain_router(*_read(world), world.now))


async def test_agreement_is_the_live_revisions_while_another_is_tried() -> None:
    world = await live(World())
    before = world.status()["agreement"]

    await shadow(world, 2)

    assert world.status()["candidate"] == 2
    assert world.status()["agreement"] == before
    assert f" {before['estimate']} " in format_table(
        tabulate_routers([_read(world)[0]])
    )


async def test_before_anything_is_live_agreement_is_the_candidates() -> None:
    world = await shadow(World())

    audited(world, 1, agreed=8, disagreed=2)
    await world.reconcile()

    assert world.status()["agreement"]["n"] == 10


async def test_explain_says_once_what_is_missing() -> None:
    world = await shadow(World())

    missing = world.status()["next"]

    assert _story(world).count(missing) == 1
    assert f"\n  next: {missing}" in _story(world)


async def test_explain_says_how_long_the_missing_audits_take() -> None:
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


async def test_explain_says_what_became_of_requests_of_boots_that_ended_too() -> None:
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

    story = _story(world)
    fates = "10 answered by the surrogate, 120 by the teacher, 24 from the cache"
    errors = "6 refused, 20 failed with an internal error"
    assert f"requests: 180 received; {fates}, {errors}\n" in story
    assert "forwarded to a candidate in addition: 40 requests\n" in story


async def test_explain_says_how_far_each_guard_is() -> None:
    world = await shadow(World())
    audited(world, 1, agreed=5)
    world.flow = {}
    world.counts[1] = {"surrogate_leg": LegEvidence(questions=7, slow=1)}

    await world.reconcile()

    guards = [line.strip() for line in _story(world).splitlines() if "guard:" in line]
    questions = world.tasks[1].requests + world.flowed[1]
    assert guards == [
        f"guard: internal errors: 0 of {questions}, limit 0.1%",
        (
            "guard: slow surrogate path (over 50 ms from the parsed request to the"
            " complete answer): 1 of 7, limit 5.0%"
        ),
    ]


async def test_what_the_cache_avoided_is_told_beside_the_saving() -> None:
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
    assert saved in _story(world)


async def test_status_does_not_move_with_the_clock_alone() -> None:
    world = await shadow(World())
    audited(world, 1, agreed=20, disagreed=1)
    world.flow = {}
    await world.reconcile(3)
    before = world.status()

    await world.reconcile(3, seconds=3600)

    assert world.status() == before
