"""What people ask: once however often it is said, and alike in whatever order.

Every request is said again later, when its effect has been taken back by another: that
it is not done again is then seen in the phase.
"""

from collections.abc import Callable
from itertools import combinations

import pytest

from support.machine import Machine
from support.world import make_router
from tracer_router.api import RevisionPhase, TracerRouter
from tracer_router.planning.state.commands import COMMAND_PREFIX, Command

SHADOW, LIVE = RevisionPhase.SHADOW, RevisionPhase.LIVE
ROLLED_BACK, TRAINING = RevisionPhase.ROLLED_BACK, RevisionPhase.TRAINING


def in_shadow() -> Machine:
    """Give a machine whose candidate is in shadow."""
    rollout = {"period": "1s", "promotion": "Manual"}
    machine = Machine(TracerRouter.model_validate(make_router(rollout=rollout)))
    machine.settle()
    machine.count(0, labelled=1000, requests=20_000)
    machine.wait(15)
    machine.settle()
    assert phase(machine) is SHADOW
    return machine


def live() -> Machine:
    """Give a machine whose first revision serves."""
    machine = in_shadow()
    say(machine, "up", "promote 1")
    machine.count(1, agreed=300, requests=300)
    for _ in range(3):
        go_on(machine)
    assert phase(machine) is LIVE
    return machine


def fallen() -> Machine:
    """Give a machine whose candidate was aborted."""
    machine = in_shadow()
    say(machine, "down", "abort 1")
    assert phase(machine) is ROLLED_BACK
    return machine


def say(machine: Machine, key: str, text: str) -> None:
    """Annotate, and let the operator come to rest."""
    machine.annotate(f"{COMMAND_PREFIX}{key}", text)
    machine.wait(15)
    machine.settle()


def say_again(machine: Machine, key: str, text: str) -> None:
    """Take a request away and say it again under the same id, as GitOps may."""
    machine.annotate(f"{COMMAND_PREFIX}{key}", None)
    machine.settle()
    say(machine, key, text)


def phase(machine: Machine, number: int = 1) -> RevisionPhase | None:
    return machine.revisions[number].status.phase


@pytest.mark.parametrize("verb", ["abort 1", "rollback 1"])
def test_what_ended_a_rollout_does_not_end_its_retry(verb: str) -> None:
    machine = in_shadow()
    say(machine, "x", verb)
    assert phase(machine) is ROLLED_BACK
    say(machine, "y", "retry 1")
    assert phase(machine) is SHADOW
    say_again(machine, "x", verb)
    assert phase(machine) is SHADOW


def test_what_took_a_live_revision_back_does_not_take_its_retry_back() -> None:
    machine = live()
    say(machine, "x", "rollback 1")
    assert phase(machine) is ROLLED_BACK
    say(machine, "y", "retry 1")
    say_again(machine, "x", "rollback 1")
    assert phase(machine) in {SHADOW, RevisionPhase.CANARY}


def test_a_retry_is_no_second_try() -> None:
    machine = fallen()
    say(machine, "x", "retry 1")
    assert phase(machine) is SHADOW
    say(machine, "y", "abort 1")
    say_again(machine, "x", "retry 1")
    assert phase(machine) is ROLLED_BACK


def test_a_promotion_does_not_open_full_weight_to_the_retry() -> None:
    machine = in_shadow()
    say(machine, "x", "promote 1")
    assert machine.revisions[1].status.approved
    say(machine, "y", "abort 1")
    say(machine, "z", "retry 1")
    say_again(machine, "x", "promote 1")
    assert not machine.revisions[1].status.approved


def test_a_wish_for_an_attempt_makes_one() -> None:
    machine = live()
    say(machine, "x", "retrain")
    assert sorted(machine.revisions) == [0, 1, 2]
    say(machine, "y", "abort 2")
    say_again(machine, "x", "retrain")
    assert sorted(machine.revisions) == [0, 1, 2]


@pytest.mark.parametrize("verb", Command)
def test_two_who_say_the_same_at_once_get_what_one_gets(verb: Command) -> None:
    text = verb.value if verb is Command.RETRAIN else f"{verb.value} 1"
    begin = {Command.RETRY: fallen, Command.ROLLBACK: live, Command.RETRAIN: live}.get(
        verb, in_shadow
    )
    once, twice = begin(), begin()
    twice.annotate(f"{COMMAND_PREFIX}b", text)
    for machine in (once, twice):
        say(machine, "a", text)
        say(machine, "z", "abort 2")  # so that nothing is in a second attempt's way
    assert {n: phase(twice, n) for n in twice.revisions} == {
        n: phase(once, n) for n in once.revisions
    }
    assert twice.weights() == once.weights()
    assert set(twice.router.status.handled) >= {"a", "b"}


ASKED = ("abort 1", "rollback 1", "retry 1", "promote 1", "retrain")


@pytest.mark.parametrize("begin", [in_shadow, fallen, live])
def test_what_is_asked_at_once_ends_alike_whatever_the_ids_say(
    begin: Callable[[], Machine],
) -> None:
    started = begin()
    for one, other in combinations(ASKED, 2):
        ends = []
        for first, second in ((one, other), (other, one)):
            machine = started.copy()
            machine.annotate(f"{COMMAND_PREFIX}a", first)
            machine.annotate(f"{COMMAND_PREFIX}b", second)
            machine.wait(15)
            machine.settle()
            ends.append(
                (
                    {n: phase(machine, n) for n in machine.revisions},
                    machine.weights(),
                    machine.revisions[1].status.approved,
                )
            )
        assert ends[0] == ends[1], (one, other)


def test_pausing_twice_is_undone_by_resuming_once_and_costs_no_evidence() -> None:
    machine = in_shadow()
    machine.count(1, agreed=100, requests=100)
    for who in ("ann", "bob"):
        machine.annotate("tracerml.ai/paused", who)
        go_on(machine)
        assert phase(machine) is SHADOW
    machine.annotate("tracerml.ai/paused", None)
    go_on(machine)
    assert phase(machine) is RevisionPhase.CANARY


def go_on(machine: Machine) -> None:
    """Let traffic come and time pass, enough for a step if nothing holds it."""
    for _ in range(3):
        machine.count(0, requests=3_000)
        machine.count(1, requests=30)
        machine.wait(60)
        machine.settle()
