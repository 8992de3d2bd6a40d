"""The cost curve's books add up on a stream whose end is known."""

from decimal import Decimal
from typing import Any

import pytest

from benchmarks.cost_curve.figures import Curve
from benchmarks.cost_curve.levers import Levers
from benchmarks.cost_curve.play import play
from benchmarks.cost_curve.requests import Wire
from benchmarks.cost_curve.streams import Call, Stream, Traffic
from support.ticket_traces import ticket_rows

pytestmark = pytest.mark.slow

STREAM = Stream(
    "tickets", "none", "gpt-4o", "85%", per_day=200_000, minimum=150, period="1m"
)
CALLS = 3_000


def _traffic(count: int) -> Traffic:
    rows = ticket_rows(count, noise=0.0)
    calls = [Call(row.text, row.label or "", None, 400, 20, 2) for row in rows]
    return Traffic("Name the topic.", calls)


@pytest.fixture(scope="module")
def curve() -> Curve:
    return Curve(play(STREAM, _traffic(CALLS)))


def test_what_was_paid_and_what_was_avoided_is_the_teachers_bill(curve: Curve) -> None:
    paid = Decimal(curve.last["paid_teacher"])
    avoided = Decimal(curve.found["truly_avoided"])

    assert paid + avoided == Decimal(curve.last["teacher"])
    assert avoided > 0


def test_the_router_pays_for_teacher_and_pods(curve: Curve) -> None:
    parts = Decimal(curve.last["paid_teacher"]) + Decimal(curve.last["paid_pods"])

    assert Decimal(curve.last["router"]) == parts


def test_the_meter_has_paid_what_the_teacher_was_paid(curve: Curve) -> None:
    paid = Decimal(curve.last["paid_teacher"])

    assert Decimal(curve.found["meter"]["paid"]) == paid.quantize(Decimal("1e-6"))


def test_an_easy_stream_is_certified_and_goes_live(curve: Curve) -> None:
    reasons = [each["reason"] for each in curve.found["events"]]

    assert reasons.index("Shadow") < reasons.index("Live")
    assert (curve.certified_at or CALLS) < CALLS
    assert curve.falls


def test_a_repeat_costs_nothing_in_the_cache_and_all_of_it_elsewhere() -> None:
    levers, wire = Levers(STREAM), Wire(STREAM, "Name the topic.")
    call = _traffic(1).calls[0]

    for number in range(2):
        levers.add(call, wire.ask(call, number).question, seconds=60.0 * number)

    assert levers.repeats == 1
    assert levers.bills["exact cache"] * 2 == levers.bills["teacher"]


def test_a_repeat_after_a_day_is_paid_again() -> None:
    levers, wire = Levers(STREAM), Wire(STREAM, "Name the topic.")
    call = _traffic(1).calls[0]

    for number in range(2):
        levers.add(call, wire.ask(call, number).question, seconds=90_000.0 * number)

    assert levers.repeats == 0


def _curve(*costs: str) -> Curve:
    marks: list[dict[str, Any]] = [
        {"calls": 1000 * 2**at, "router": cost} for at, cost in enumerate(costs)
    ]
    return Curve({"marks": marks, "events": [{"calls": 900, "reason": "Shadow"}]})


def test_a_curve_that_rises_once_does_not_fall() -> None:
    assert _curve("1", "1.9", "3").falls
    assert not _curve("1", "1.9", "4").falls


def test_nothing_is_said_of_a_curve_without_a_certificate() -> None:
    assert Curve({"marks": [], "events": []}).falls is None
