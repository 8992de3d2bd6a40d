import ast
from datetime import UTC, datetime
from pathlib import Path

import tracer_router
from tracer_core.errors import SpecError
from tracer_router.api import Condition, ConditionStatus, Reason, set_condition

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
        message="text",
        observed_generation=3,
        last_transition_time=since,
    )


def test_a_new_condition_is_added_last_with_the_current_time() -> None:
    found = set_condition([OTHER], ready(ConditionStatus.TRUE, None), NOW)
    assert found == (OTHER, ready(ConditionStatus.TRUE, NOW))


def test_a_change_of_status_updates_the_transition_time() -> None:
    known = [ready(ConditionStatus.FALSE, EARLIER), OTHER]
    found = set_condition(known, ready(ConditionStatus.TRUE, None), NOW)
    assert found == (ready(ConditionStatus.TRUE, NOW), OTHER)


def test_a_new_reason_keeps_the_transition_time() -> None:
    known = [ready(ConditionStatus.TRUE, EARLIER)]
    found = set_condition(known, ready(ConditionStatus.TRUE, None, reason="Other"), NOW)
    assert found == (ready(ConditionStatus.TRUE, EARLIER, reason="Other"),)


def test_setting_the_same_condition_again_changes_nothing() -> None:
    once = set_condition([OTHER], ready(ConditionStatus.TRUE, None), EARLIER)
    assert set_condition(once, ready(ConditionStatus.TRUE, None), NOW) == once


def test_every_reason_is_used_outside_its_enumeration() -> None:
    (package,) = map(Path, tracer_router.__path__)
    used = {
        node.attr
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Reason"
    }
    assert set(Reason.__members__) == used


def test_the_default_reason_of_a_spec_error_is_a_reason() -> None:
    assert Reason(SpecError("wrong").reason) is Reason.INVALID_SPEC
