"""Counters are copied, added, and subtracted by name."""

from decimal import Decimal

from tracer_core.contracts.counters import (
    CellCounters,
    GuardCounters,
    LegCounters,
    RevisionCounters,
    TaskCounters,
    add_counters,
    copy_counters,
    subtract_counters,
)
from tracer_core.contracts.evidence import RequestEvidence, TaskEvidence
from tracer_core.stats.sequential.guards import GuardKind


def test_every_guard_has_a_counter_and_every_guard_counter_a_guard() -> None:
    assert {guard.counter for guard in GuardKind} == GuardCounters.model_fields.keys()


def test_counters_of_legs_and_amounts_are_added_exactly() -> None:
    one = RevisionCounters(
        requests=1, cost_embeddings=Decimal("0.1"), teacher_leg=LegCounters(questions=2)
    )
    two = RevisionCounters(
        requests=2,
        cost_embeddings=Decimal("0.2"),
        teacher_leg=LegCounters(questions=3, slow=1),
    )
    assert RevisionCounters(**add_counters(RevisionCounters, [one, two])) == (
        RevisionCounters(
            requests=3,
            cost_embeddings=Decimal("0.3"),
            teacher_leg=LegCounters(questions=5, slow=1),
        )
    )


def test_the_sum_of_nothing_is_zero() -> None:
    assert TaskCounters(**add_counters(TaskCounters, [])) == TaskCounters()


def test_of_distinct_labels_the_maximum_is_used() -> None:
    tasks = [TaskCounters(labels=3, requests=1), TaskCounters(labels=2, requests=1)]
    assert TaskCounters(**add_counters(TaskCounters, tasks)) == TaskCounters(
        labels=3, requests=2
    )


def test_a_difference_is_never_negative() -> None:
    earlier = GuardCounters(faults=3, surrogate_leg=LegCounters(questions=10, slow=1))
    later = GuardCounters(faults=1, surrogate_leg=LegCounters(questions=15, slow=4))
    assert GuardCounters(**subtract_counters(GuardCounters, later, earlier)) == (
        GuardCounters(surrogate_leg=LegCounters(questions=5, slow=3))
    )


def test_a_copy_has_the_counters_of_its_kind_only() -> None:
    evidence = RequestEvidence(requests=3, failed=1, traces_pending=5)
    copied = copy_counters(RevisionCounters, evidence)
    assert copied.keys() == RevisionCounters.model_fields.keys()
    assert (copied["requests"], copied["failed"]) == (3, 1)
    assert copy_counters(CellCounters, CellCounters(agreed=2))["agreed"] == 2


def test_an_amount_is_a_string_without_an_exponent_in_json() -> None:
    evidence = TaskEvidence(task="t", cost_spread=Decimal("1E-12"), cost_saved="0.50")
    assert b'"costSpread":"0.000000000001"' in evidence.to_json()
    assert b'"costSaved":"0.50"' in evidence.to_json()


def test_the_amounts_of_earlier_pods_are_numbers_and_can_be_read() -> None:
    evidence = TaskEvidence.from_json('{"task":"t","costCorrection":0.25}')
    assert evidence.cost_correction == Decimal("0.25")
