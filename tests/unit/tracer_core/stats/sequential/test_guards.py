"""The guards against harm of our own: faults, and time of our own leg by leg."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer_core.stats.sequential.guards import (
    AUDITS_SHARE,
    GuardCount,
    GuardCounts,
    GuardKind,
    first_tripped_guard,
    guard_level,
)

LEGS = (GuardKind.SURROGATE_LEG, GuardKind.TEACHER_LEG)


def test_nothing_trips_without_questions() -> None:
    assert first_tripped_guard({}, 0.95) is None
    assert (
        first_tripped_guard({guard: GuardCount(0, 3) for guard in GuardKind}, 0.95)
        is None
    )


@given(questions=st.integers(0, 100_000), guard=st.sampled_from(GuardKind))
def test_an_allowed_rate_does_not_trip(questions: int, guard: GuardKind) -> None:
    met = GuardCount(questions, int(questions * guard.allowed))
    assert first_tripped_guard({guard: met}, 0.95) is None


@pytest.mark.parametrize(
    ("guard", "met", "said"),
    [
        (
            GuardKind.FAULTS,
            GuardCount(200, 8),
            "faults of its own",
        ),
        (
            GuardKind.SURROGATE_LEG,
            GuardCount(1000, 120),
            "slow surrogate leg (over 50 ms from the question to the whole answer)",
        ),
        (
            GuardKind.TEACHER_LEG,
            GuardCount(1000, 120),
            "slow teacher leg (over 50 ms from the question to asking the teacher)",
        ),
    ],
)
def test_what_is_too_frequent_trips_and_is_named(
    guard: GuardKind, met: GuardCount, said: str
) -> None:
    others = {each: GuardCount(10_000, 0) for each in GuardKind if each is not guard}
    figures = f"above {guard.allowed:.1%}: {met.times} in {met.questions} questions"
    assert first_tripped_guard({guard: met, **others}, 0.95) == f"{said} {figures}"


@pytest.mark.parametrize("guard", LEGS)
def test_a_slow_leg_does_not_hide_behind_a_quick_one(guard: GuardKind) -> None:
    slow, quick = GuardCount(1000, 120), GuardCount(19_000, 0)
    other = next(each for each in LEGS if each is not guard)
    harm: GuardCounts = {guard: slow, other: quick}
    together: GuardCounts = {
        guard: GuardCount(slow.questions + quick.questions, slow.times + quick.times)
    }
    assert first_tripped_guard(harm, 0.95) is not None
    assert first_tripped_guard(together, 0.95) is None


@given(confidence=st.floats(0.5, 0.999))
def test_audits_and_guards_share_the_stated_error(confidence: float) -> None:
    guards = len(GuardKind) * guard_level(confidence)
    audits = AUDITS_SHARE * (1 - confidence)
    assert audits + guards == pytest.approx(1 - confidence)


def test_more_faults_than_questions_count_as_one_each() -> None:
    said = first_tripped_guard({GuardKind.FAULTS: GuardCount(10, 30)}, 0.95)
    assert said == "faults of its own above 0.1%: 10 in 10 questions"
