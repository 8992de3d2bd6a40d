"""The guards against harm of our own."""

from hypothesis import given
from hypothesis import strategies as st

from tracer_router.parity.guards import Guard, Harm, tripped


def test_nothing_trips_without_questions() -> None:
    assert tripped(Harm(0), 0.95) is None


@given(questions=st.integers(0, 100_000), guard=st.sampled_from(Guard))
def test_an_allowed_rate_does_not_trip(questions: int, guard: Guard) -> None:
    count = int(questions * guard.allowed)
    harm = {Guard.FAULTS: Harm(questions, count), Guard.SLOWNESS: Harm(questions, 0)}
    assert tripped(harm[guard], 0.95) is None


def test_a_few_faults_at_once_trip_and_say_so() -> None:
    found = tripped(Harm(200, faults=8), 0.95)
    assert found == "faults of its own above 0.1%: 8 in 200 questions"


def test_a_candidate_that_is_often_slow_trips() -> None:
    found = tripped(Harm(1000, slow=120), 0.95)
    assert found == "slow decisions above 5.0%: 120 in 1000 questions"
