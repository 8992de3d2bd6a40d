from datetime import UTC, datetime

from tracer_router.api import Condition, ConditionStatus, set_condition

EARLIER = datetime(2026, 11, 1, 10, tzinfo=UTC)
NOW = datetime(2026, 11, 1, 11, tzinfo=UTC)
OTHER = Condition(type="Stalled", status=ConditionStatus.FALSE, reason="UpToDate")


def ready(
    status: ConditionStatus, since: datetime | None, reason: str = "R"
) -> Condition:
    return Condition(
        type="Ready",
        status=status,
        reason=reason,
        message="so",
        observed_generation=3,
        last_transition_time=since,
    )


def test_a_new_condition_is_placed_last_and_begins_now() -> None:
    found = set_condition([OTHER], ready(ConditionStatus.TRUE, None), NOW)
    assert found == (OTHER, ready(ConditionStatus.TRUE, NOW))


def test_a_flip_moves_the_transition_time() -> None:
    known = [ready(ConditionStatus.FALSE, EARLIER), OTHER]
    found = set_condition(known, ready(ConditionStatus.TRUE, None), NOW)
    assert found == (ready(ConditionStatus.TRUE, NOW), OTHER)


def test_a_new_reason_alone_leaves_the_transition_time() -> None:
    known = [ready(ConditionStatus.TRUE, EARLIER)]
    found = set_condition(known, ready(ConditionStatus.TRUE, None, reason="Other"), NOW)
    assert found == (ready(ConditionStatus.TRUE, EARLIER, reason="Other"),)


def test_setting_the_same_condition_again_changes_nothing() -> None:
    once = set_condition([OTHER], ready(ConditionStatus.TRUE, None), EARLIER)
    assert set_condition(once, ready(ConditionStatus.TRUE, None), NOW) == once
