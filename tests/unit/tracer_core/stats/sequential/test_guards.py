"""The guards against harm of our own: faults, and time of our own leg by leg."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer_core.stats.sequential.guards import (
    AUDITS_SHARE,
    Guard,
    Harm,
    Met,
    guard_level,
    tripped,
)

LEGS = (Guard.SURROGATE_LEG, Guard.TEACHER_LEG)


def test_nothing_trips_without_questions() -> None:
    assert tripped({}, 0.95) is None
    assert tripped({guard: Met(0, 3) for guard in Guard}, 0.95) is None


@given(questions=st.integers(0, 100_000), guard=st.sampled_from(Guard))
def test_an_allowed_rate_does_not_trip(questions: int, guard: Guard) -> None:
    met = Met(questions, int(questions * guard.allowed))
    assert tripped({guard: met}, 0.95) is None


@pytest.mark.parametrize(
    ("guard", "met", "said"),
    [
        (
            Guard.FAULTS,
            Met(200, 8),
            "faults of its own",
        ),
        (
            Guard.SURROGATE_LEG,
            Met(1000, 120),
            "slow surrogate leg (over 50 ms from the question to the whole answer)",
        ),
        (
            Guard.TEACHER_LEG,
            Met(1000, 120),
            "slow teacher leg (over 50 ms from the question to asking the teacher)",
        ),
    ],
)
def test_what_is_too_frequent_trips_and_is_named(
    guard: Guard, met: Met, said: str
) -> None:
    others = {each: Met(10_000, 0) for each in Guard if each is not guard}
    figures = f"above {guard.allowed:.1%}: {met.times} in {met.questions} questions"
    assert tripped({guard: met, **others}, 0.95) == f"{said} {figures}"


@pytest.mark.parametrize("guard", LEGS)
def test_a_slow_leg_does_not_hide_behind_a_quick_one(guard: Guard) -> None:
    slow, quick = Met(1000, 120), Met(19_000, 0)
    other = next(each for each in LEGS if each is not guard)
    harm: Harm = {guard: slow, other: quick}
    together: Harm = {
        guard: Met(slow.questions + quick.questions, slow.times + quick.times)
    }
    assert tripped(harm, 0.95) is not None
    assert tripped(together, 0.95) is None


@given(confidence=st.floats(0.5, 0.999))
def test_audits_and_guards_share_the_stated_error(confidence: float) -> None:
    guards = len(Guard) * guard_level(confidence)
    audits = AUDITS_SHARE * (1 - confidence)
    assert audits + guards == pytest.approx(1 - confidence)


def test_more_faults_than_questions_count_as_one_each() -> None:
    said = tripped({Guard.FAULTS: Met(10, 30)}, 0.95)
    assert said == "faults of its own above 0.1%: 10 in 10 questions"
