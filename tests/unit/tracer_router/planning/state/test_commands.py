"""Commands of users: executed once, with a result that does not depend on the order.

Every request is set again later, after another request reversed its effect. The phase
then shows whether the operator executed it a second time.
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
    """Return a machine whose candidate is in shadow."""
    rollout = {"period": "1s", "promotion": "Manual"}
    machine = Machine(TracerRouter.model_validate(make_router(rollout=rollout)))
    machine.settle()
    machine.count(0, labelled=1000, requests=20_000)
    machine.wait(15)
    machine.settle()
    assert phase(machine) is SHADOW
    return machine


def live() -> Machine:
    """Return a machine whose first revision serves."""
    machine = in_shadow()
    request(machine, "up", "promote 1")
    machine.count(1, agreed=300, requests=300)
    for _ in range(3):
        let_traffic_flow(machine)
    assert phase(machine) is LIVE
    return machine


def aborted() -> Machine:
    """Return a machine whose candidate was aborted."""
    machine = in_shadow()
    request(machine, "down", "abort 1")
    assert phase(machine) is ROLLED_BACK
    return machine


def request(machine: Machine, key: str, text: str) -> None:
    """Set the annotation of a request, and reconcile until nothing changes."""
    machine.annotate(f"{COMMAND_PREFIX}{key}", text)
    machine.wait(15)
    machine.settle()


def request_again(machine: Machine, key: str, text: str) -> None:
    """Remove a request and set it again with the same ID, as GitOps tools can do."""
    machine.annotate(f"{COMMAND_PREFIX}{key}", None)
    machine.settle()
    request(machine, key, text)


def phase(machine: Machine, number: int = 1) -> RevisionPhase | None:
    return machine.revisions[number].status.phase


@pytest.mark.parametrize("verb", ["abort 1", "rollback 1"])
def test_the_request_that_ended_a_rollout_does_not_end_its_retry(verb: str) -> None:
    machine = in_shadow()
    request(machine, "x", verb)
    assert phase(machine) is ROLLED_BACK
    request(machine, "y", "retry 1")
    assert phase(machine) is SHADOW
    request_again(machine, "x", verb)
    assert phase(machine) is SHADOW


def test_the_request_that_rolled_back_a_live_revision_does_not_end_its_retry() -> None:
    machine = live()
    request(machine, "x", "rollback 1")
    assert phase(machine) is ROLLED_BACK
    request(machine, "y", "retry 1")
    request_again(machine, "x", "rollback 1")
    assert phase(machine) in {SHADOW, RevisionPhase.CANARY}


def test_a_repeated_retry_has_no_effect() -> None:
    machine = aborted()
    request(machine, "x", "retry 1")
    assert phase(machine) is SHADOW
    request(machine, "y", "abort 1")
    request_again(machine, "x", "retry 1")
    assert phase(machine) is ROLLED_BACK


def test_a_promotion_does_not_approve_the_retry() -> None:
    machine = in_shadow()
    request(machine, "x", "promote 1")
    assert machine.revisions[1].status.approved
    request(machine, "y", "abort 1")
    request(machine, "z", "retry 1")
    request_again(machine, "x", "promote 1")
    assert not machine.revisions[1].status.approved


def test_a_repeated_retrain_creates_one_attempt() -> None:
    machine = live()
    request(machine, "x", "retrain")
    assert sorted(machine.revisions) == [0, 1, 2]
    request(machine, "y", "abort 2")
    request_again(machine, "x", "retrain")
    assert sorted(machine.revisions) == [0, 1, 2]


@pytest.mark.parametrize("verb", Command)
def test_two_equal_requests_have_the_effect_of_one(verb: Command) -> None:
    text = verb.value if verb is Command.RETRAIN else f"{verb.value} 1"
    begin = {Command.RETRY: aborted, Command.ROLLBACK: live, Command.RETRAIN: live}.get(
        verb, in_shadow
    )
    once, twice = begin(), begin()
    twice.annotate(f"{COMMAND_PREFIX}b", text)
    for machine in (once, twice):
        request(machine, "a", text)
        request(machine, "z", "abort 2")  # so that no second attempt is in progress
    assert {n: phase(twice, n) for n in twice.revisions} == {
        n: phase(once, n) for n in once.revisions
    }
    assert twice.weights() == once.weights()
    assert set(twice.router.status.handled) >= {"a", "b"}


REQUESTS = ("abort 1", "rollback 1", "retry 1", "promote 1", "retrain")


@pytest.mark.parametrize("begin", [in_shadow, aborted, live])
def test_the_result_of_two_requests_does_not_depend_on_their_ids(
    begin: Callable[[], Machine],
) -> None:
    started = begin()
    for one, other in combinations(REQUESTS, 2):
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


def test_one_resume_ends_two_pauses_without_loss_of_evidence() -> None:
    machine = in_shadow()
    machine.count(1, agreed=100, requests=100)
    for who in ("ann", "bob"):
        machine.annotate("tracerml.ai/paused", who)
        let_traffic_flow(machine)
        assert phase(machine) is SHADOW
    machine.annotate("tracerml.ai/paused", None)
    let_traffic_flow(machine)
    assert phase(machine) is RevisionPhase.CANARY


def let_traffic_flow(machine: Machine) -> None:
    """Add traffic and time, enough for a step if nothing holds it."""
    for _ in range(3):
        machine.count(0, requests=3_000)
        machine.count(1, requests=30)
        machine.wait(60)
        machine.settle()
