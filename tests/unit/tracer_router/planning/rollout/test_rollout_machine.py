"""Properties of the rollout over arbitrary histories and arbitrary crashes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.machine import Machine
from support.world import make_router
from tracer_core.stats.sequential.verdict import RolloutVerdict
from tracer_router.api import RevisionPhase, TracerRouter
from tracer_router.planning.rollout.promotion_criteria import assess_revision

pytestmark = pytest.mark.slow

VERBS = ("abort", "rollback", "retry", "promote")
NUMBERS = st.sampled_from([1, 1, 1, 2, 2, 3, 0])
ACTIONS = st.one_of(
    st.tuples(
        st.just("audits"),
        NUMBERS,
        st.integers(0, 60),
        st.integers(0, 8),
        st.integers(0, 3),
    ),
    st.tuples(st.just("bad"), NUMBERS, st.integers(1, 60)),
    st.tuples(st.just("faults"), NUMBERS, st.integers(1, 10)),
    st.tuples(st.just("slow"), NUMBERS, st.integers(1, 60), st.booleans()),
    st.tuples(st.just("rows"), st.integers(500, 3000)),
    st.tuples(st.just("boot"), NUMBERS),
    st.tuples(st.just("load"), st.booleans()),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 400, 4_000, 100_000])),
    st.tuples(st.just("ask"), st.sampled_from(VERBS), NUMBERS),
    st.tuples(st.just("ask"), st.just("promote"), NUMBERS),
    st.tuples(st.just("retrain")),
    st.tuples(st.just("pause"), st.booleans()),
)
SPECS = st.fixed_dictionaries(
    {
        "steps": st.sampled_from([["100%"], ["5%", "100%"], ["5%", "25%", "100%"]]),
        "period": st.sampled_from(["1s", "1h"]),
        "maxDuration": st.sampled_from(["1h", "7d"]),
        "onInconclusive": st.sampled_from(["Hold", "Rollback"]),
        "promotion": st.sampled_from(["Automatic", "Manual"]),
        "soak": st.sampled_from(["1s", "1h"]),
    }
)
HISTORIES = st.lists(ACTIONS, min_size=3, max_size=14)
QUICK = settings(max_examples=60, deadline=None)


def started(rollout: dict[str, Any]) -> Machine:
    """Return a machine whose first candidate is in shadow."""
    router = TracerRouter.model_validate(make_router(rollout=rollout, historyLimit=2))
    machine = Machine(router=router)
    machine.settle()
    machine.count(0, labelled=1000, requests=20_000)
    machine.wait(15)
    machine.settle()
    return machine


def act(  # noqa: C901 - one branch per action
    machine: Machine, action: tuple[Any, ...], number: int
) -> None:
    """Apply an action to a machine."""
    match action:
        case ("audits", revision, agreed, disagreed, missing):
            machine.count(revision, agreed=agreed, disagreed=disagreed, missing=missing)
            machine.count(0, requests=3_000)
        case ("bad", revision, disagreed):
            machine.count(revision, disagreed=disagreed)
        case ("faults", revision, faults):
            machine.count(revision, requests=faults, faults=faults)
        case ("slow", revision, timed, slow):
            machine.count(revision, timed=timed, slow=timed if slow else 0)
        case ("rows", rows):
            machine.count(0, labelled=rows)
        case ("boot", revision):
            machine.pod_counts[revision] = type(machine.pod_counts[0])(boot=number + 1)
        case ("load", loaded):
            machine.loaded = loaded
        case ("wait", seconds):
            machine.wait(seconds)
        case ("ask", verb, revision):
            machine.annotate(f"tracerml.ai/do-{number}", f"{verb} {revision}")
        case ("retrain",):
            machine.annotate(f"tracerml.ai/do-{number}", "retrain")
        case ("pause", paused):
            machine.annotate("tracerml.ai/paused", "by a test" if paused else None)


def candidate_weight(machine: Machine, number: int) -> int:
    return machine.weights().get(f"tickets-r{number}", 0)


@QUICK
@given(rollout=SPECS, history=HISTORIES)
def test_weights_are_shares_and_never_rise_after_a_bad_verdict(
    rollout: dict[str, Any], history: list[tuple[Any, ...]]
) -> None:
    machine = started(rollout)
    for number, action in enumerate(history):
        act(machine, action, number)
        for _ in range(3):
            before = machine.copy()
            plan = machine.plan()
            machine.execute(plan)
            weights = machine.weights()
            assert sum(weights.values()) == 100
            assert all(0 <= weight <= 100 for weight in weights.values())
            for revision in plan.revisions:
                old = candidate_weight(before, revision.spec.revision)
                new = candidate_weight(machine, revision.spec.revision)
                rolled_back = revision.status.phase is RevisionPhase.ROLLED_BACK
                verdict = assess_revision(machine.router, revision).verdict
                judged = revision.status.phase in {
                    RevisionPhase.SHADOW,
                    RevisionPhase.CANARY,
                }
                if rolled_back or (judged and verdict is RolloutVerdict.ROLL_BACK):
                    assert new <= old
                    policy = machine.policy
                    assert policy is not None
                    assert not policy.build(revision.spec.revision).surrogate


@QUICK
@given(rollout=SPECS, history=HISTORIES)
def test_a_finished_plan_plans_nothing(
    rollout: dict[str, Any], history: list[tuple[Any, ...]]
) -> None:
    machine = started(rollout)
    for number, action in enumerate(history):
        act(machine, action, number)
    last = machine.settle()
    again = machine.plan()
    assert again.create == ()
    assert again.delete == ()
    assert again.events == ()
    assert again.policy == last.policy
    assert again.revisions == tuple(
        machine.revisions[number] for number in sorted(machine.revisions)
    )
    assert again.status == machine.router.status


@QUICK
@given(
    rollout=SPECS,
    history=st.lists(ACTIONS, min_size=1, max_size=10),
    crashes=st.lists(st.integers(0, 40), max_size=10),
)
def test_a_crash_after_any_write_does_not_change_the_result(
    rollout: dict[str, Any], history: list[tuple[Any, ...]], crashes: list[int]
) -> None:
    steady, crashing = started(rollout), started(rollout)
    for number, action in enumerate(history):
        act(steady, action, number)
        act(crashing, action, number)
        steady.settle()
        for crash in crashes:
            crashing.execute(crashing.plan(), writes=crash)
        crashing.settle()
        assert crashing.comparable_state() == steady.comparable_state()


@QUICK
@given(rollout=SPECS, history=HISTORIES)
def test_at_most_one_candidate_and_one_live_revision(
    rollout: dict[str, Any], history: list[tuple[Any, ...]]
) -> None:
    machine = started(rollout)
    for number, action in enumerate(history):
        act(machine, action, number)
        machine.settle()
        phases = [found.status.phase for found in machine.revisions.values()]
        assert phases.count(RevisionPhase.LIVE) <= 1
        rolling = {RevisionPhase.SHADOW, RevisionPhase.CANARY, RevisionPhase.TRAINING}
        assert sum(phase in rolling for phase in phases) <= 1
