"""The savings: exact sums, an interval, and the cost of pods."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from tracer_bentos.serving.telemetry.avoided_cost import AvoidedCost, CostForecast
from tracer_core.stats.estimators.difference_estimator import (
    half_width,
    student_quantile,
)
from tracer_router.api import RevisionTotals, TaskCounts
from tracer_router.savings.meter import MeasuredSavings, measure_savings
from tracer_router.savings.pods import PodCostMeter, PodPrices, ReservedResources

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CENTS = st.integers(0, 10**9).map(lambda cents: f"{Decimal(cents) / 10**7:f}")


def counted(**costs: object) -> RevisionTotals:
    return RevisionTotals(tasks=(TaskCounts(task="t", **costs),))


@given(amounts=st.lists(st.tuples(CENTS, CENTS), max_size=20))
def test_sums_are_exact(amounts: list[tuple[str, str]]) -> None:
    counts = [counted(cost_saved=one, cost_teacher=two) for one, two in amounts]
    found = measure_savings(counts)
    assert found.avoided == sum((Decimal(one) for one, _ in amounts), Decimal(0))
    assert found.paid == sum((Decimal(two) for _, two in amounts), Decimal(0))


def test_the_correction_is_part_of_the_savings_and_pods_are_subtracted() -> None:
    counts = counted(
        cost_saved="10.00",
        cost_correction="-0.50",
        cost_spread="0.04",
        cost_samples=30,
        cost_audits="0.25",
        cost_teacher="20.50",
    )
    found = measure_savings([counts], pods=Decimal("1.50"))
    assert (found.avoided, found.saved) == (Decimal("9.50"), Decimal("8.00"))
    assert found.audits == Decimal("0.25")
    assert str(found) == "$8.00 (26.7%)"
    assert found.error is not None
    assert float(found.error) == pytest.approx(0.2 * student.ppf(0.975, 29), rel=1e-4)


def test_embeddings_are_subtracted_and_are_not_part_of_the_bill() -> None:
    tasks = counted(cost_saved="4.00", cost_teacher="6.00").tasks
    counts = [
        RevisionTotals(tasks=tasks, cost_embeddings="0.75"),
        RevisionTotals(cost_embeddings="0.25"),
    ]
    found = measure_savings(counts, pods=Decimal("0.50"))
    assert (found.avoided, found.embeddings) == (Decimal("4.00"), Decimal("1.00"))
    assert found.saved == Decimal("2.50")
    assert str(found) == "$2.50 (25.0%)"


def test_answers_of_the_cache_are_part_of_the_bill_and_not_of_the_savings() -> None:
    costs = {"cost_saved": "3.00", "cost_correction": "1.00", "cost_teacher": "6.00"}
    without = measure_savings([counted(**costs)])
    with_cache = measure_savings([counted(**costs, cost_cached="10.00")])
    assert (with_cache.avoided, with_cache.saved) == (without.avoided, without.saved)
    assert (without.cached, with_cache.cached) == (Decimal(0), Decimal("10.00"))
    assert (str(without), str(with_cache)) == ("$4.00 (40.0%)", "$4.00 (20.0%)")


def test_a_loss_is_negative() -> None:
    found = MeasuredSavings(Decimal(1), None, Decimal(9), Decimal(0), pods=Decimal(3))
    assert str(found) == "-$2.00 (-20.0%)"


def test_too_few_sessions_have_no_interval() -> None:
    assert half_width(1.0, 4) is None
    assert measure_savings([counted(cost_saved="1", cost_samples=4)]).low is None


@given(freedom=st.integers(4, 500), probability=st.floats(0.9, 0.99))
def test_the_quantile_is_students(freedom: int, probability: float) -> None:
    exact = student.ppf(probability, freedom)
    assert student_quantile(probability, freedom) == pytest.approx(exact, rel=2e-3)


def test_pods_are_metered_by_the_hour_and_at_what_they_reserve() -> None:
    prices = PodPrices(Decimal("0.04"), Decimal("0.005"))
    pods = [ReservedResources(Decimal("0.5"), Decimal(2))] * 2
    begun = PodCostMeter(Decimal(0), NOW)
    soon = begun.update(pods, prices, NOW + timedelta(minutes=59))
    later = begun.update(pods, prices, NOW + timedelta(hours=3))
    assert soon == begun
    assert later == PodCostMeter(Decimal("0.18"), NOW + timedelta(hours=3))


def test_a_forecast_learns_the_size_and_the_label() -> None:
    forecast = CostForecast()
    assert forecast.cost(100, "short") is None
    for size in (100, 200, 300):
        forecast.update(size, "short", Decimal(size), Decimal(1))
        forecast.update(size, "long", Decimal(size), Decimal(9))
    assert forecast.cost(250, "long") == Decimal(259)
    assert forecast.cost(250, "unheard of") == Decimal(255)


def test_an_audit_saves_nothing_and_corrects_the_rest() -> None:
    avoided = AvoidedCost()
    for number in range(3):
        avoided.record_unaudited(Decimal(2))
        avoided.expect_audit(f"a{number}", Decimal(2))
        avoided.record_audit(f"a{number}", f"s{number}", 0.5, Decimal(3))
    assert avoided.forecast == 6
    assert avoided.correction == pytest.approx(3.0)
    assert (avoided.samples, avoided.audits) == (3, Decimal(9))


def test_a_session_is_one_sample_however_long() -> None:
    apart, together = AvoidedCost(), AvoidedCost()
    for number in range(4):
        for avoided, session in ((apart, number), (together, 0)):
            avoided.expect_audit(str(number), Decimal(1))
            avoided.record_audit(str(number), session, 0.5, Decimal(2))
    assert (apart.samples, together.samples) == (4, 1)
    assert together.spread == pytest.approx(4 * apart.spread)


def test_where_all_are_audited_nothing_is_estimated() -> None:
    avoided = AvoidedCost()
    avoided.expect_audit("a", Decimal(1))
    avoided.record_audit("a", "s", 1.0, Decimal(5))
    assert (avoided.correction, avoided.spread, avoided.samples) == (0.0, 0.0, 0)
    assert avoided.audits == 5
