"""The guards against internal errors and added latency."""

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


def test_no_guard_trips_without_requests() -> None:
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
    ("guard", "met", "text"),
    [
        (
            GuardKind.FAULTS,
            GuardCount(200, 8),
            "internal errors",
        ),
        (
            GuardKind.SURROGATE_LEG,
            GuardCount(1000, 120),
            (
                "slow surrogate path (over 50 ms from the parsed request to the"
                " complete answer)"
            ),
        ),
        (
            GuardKind.TEACHER_LEG,
            GuardCount(1000, 120),
            (
                "slow teacher path (over 50 ms from the parsed request to the teacher"
                " request)"
            ),
        ),
    ],
)
def test_a_rate_above_the_limit_trips_its_guard(
    guard: GuardKind, met: GuardCount, text: str
) -> None:
    others = {other: GuardCount(10_000, 0) for other in GuardKind if other is not guard}
    figures = f"above {guard.allowed:.1%}: {met.times} of {met.questions} requests"
    assert first_tripped_guard({guard: met, **others}, 0.95) == f"{text} {figures}"


@pytest.mark.parametrize("guard", LEGS)
def test_a_slow_path_is_not_hidden_by_a_fast_one(guard: GuardKind) -> None:
    slow, quick = GuardCount(1000, 120), GuardCount(19_000, 0)
    other = next(leg for leg in LEGS if leg is not guard)
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


def test_several_errors_of_one_request_count_once() -> None:
    reason = first_tripped_guard({GuardKind.FAULTS: GuardCount(10, 30)}, 0.95)
    assert reason == "internal errors above 0.1%: 10 of 10 requests"
