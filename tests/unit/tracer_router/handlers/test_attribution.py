"""The reported cause when a live revision is rolled back: teacher or traffic."""

from support.world import World
from tracer_router.planning.state.plan import EventType
from unit.tracer_router.handlers.test_rollouts import live


async def drifting(world: World, otherwise: int, repeats: int = 50) -> World:
    """Bring a revision live, and let it drift while some inputs are repeated.

    Args:
        world: The world of the revision.
        otherwise: Repeats per hundred audits that have a different answer after the
            change; before it, none has.
        repeats: Repeated inputs per hundred audits.
    """
    await live(world)
    counts = {"agreed": 100, "disagreed": 0, "repeats": 0, "otherwise": 0}
    for good in (True,) * 20 + (False,) * 20:
        counts["agreed"] += 97 if good else 75
        counts["disagreed"] += 3 if good else 25
        counts["repeats"] += repeats
        counts["otherwise"] += 0 if good else otherwise
        world.count(
            1,
            requests=10 * counts["agreed"],
            answered=counts["agreed"],
            audits_admitted=counts["agreed"] + counts["disagreed"],
            audits_agreed=counts["agreed"],
            audits_disagreed=counts["disagreed"],
            repeats=counts["repeats"],
            repeats_otherwise=counts["otherwise"],
        )
        await world.reconcile(seconds=3600)
        if world.revision(1)["phase"] != "Live":
            break
    assert world.revision(1)["phase"] == "RolledBack"
    return world


def warnings(world: World, reason: str) -> list[str]:
    """Return the messages of the warnings with a reason."""
    return [
        event.message
        for event in world.cluster.events
        if event.reason == reason and event.type is EventType.WARNING
    ]


async def test_a_teacher_that_answers_repeated_inputs_differently_is_the_cause() -> (
    None
):
    world = await drifting(World(), otherwise=8)

    assert world.revision(1)["cause"] == "TeacherChanged"
    assert world.condition("Certified")[:2] == ("False", "TeacherChanged")
    assert "; the teacher has changed: " in world.revision(1)["reason"]
    assert len(warnings(world, "TeacherChanged")) == 1


async def test_changed_traffic_is_the_cause() -> None:
    world = await drifting(World(), otherwise=0)

    assert world.revision(1)["cause"] == "InputsChanged"
    assert world.condition("Certified")[:2] == ("False", "InputsChanged")
    assert len(warnings(world, "InputsChanged")) == 1


async def test_without_repeated_inputs_the_cause_is_unknown() -> None:
    world = await drifting(World(), otherwise=0, repeats=0)

    assert world.revision(1)["cause"] == "CauseUnknown"
    assert world.condition("Certified")[:2] == ("False", "RolledBack")
    assert warnings(world, "TeacherChanged") + warnings(world, "InputsChanged") == []


async def test_the_cause_has_one_event() -> None:
    world = await drifting(World(), otherwise=8)

    await world.reconcile(5)

    assert len(warnings(world, "TeacherChanged")) == 1


async def test_marks_do_not_change_without_repeats() -> None:
    world = await live(World())
    before = world.revision(1)["drift"]

    await world.reconcile(10, seconds=3600)

    assert world.revision(1)["drift"] == before
