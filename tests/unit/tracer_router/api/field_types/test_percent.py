from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from tracer_router.api.field_types.percent import Percent, PercentRange


class Holder(BaseModel):
    value: Percent


@pytest.mark.parametrize(
    ("text", "fraction"),
    [("95%", 0.95), ("99.5%", 0.995), ("0%", 0.0), ("100%", 1.0), ("2.25%", 0.0225)],
)
def test_a_percentage_has_the_value_of_its_text(text: str, fraction: float) -> None:
    assert Percent(text).fraction == fraction


@pytest.mark.parametrize(
    "text", ["95", "0.95", "95 %", "-5%", "101%", "100.1%", "%", "", "05%", "1e1%"]
)
def test_an_invalid_percentage_is_rejected_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"use a format such as 95% or 2\.5%"):
        Percent(text)


@given(st.integers(0, 1000))
def test_a_fraction_with_one_digit_is_unchanged_by_a_round_trip(
    tenths: int,
) -> None:
    fraction = float(Decimal(tenths) / 1000)
    assert Percent.from_fraction(fraction).fraction == fraction


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.612, "61.2%"), (0.5, "50%"), (1, "100%"), (1 / 3, "33.3%")],
)
def test_a_fraction_is_written_without_trailing_zeros(
    fraction: float, text: str
) -> None:
    assert Percent.from_fraction(fraction) == text


def test_a_model_serializes_the_original_text() -> None:
    assert Holder(value=Percent("99.50%")).model_dump(mode="json") == {
        "value": "99.50%"
    }


def test_a_model_rejects_a_float() -> None:
    with pytest.raises(ValidationError, match="valid string"):
        Holder.model_validate({"value": 0.95})


@pytest.mark.parametrize("text", ["4.9%", "50.1%"])
def test_bounds_reject_a_value_outside_with_an_example(text: str) -> None:
    bounds = PercentRange("5%", "50%", "10%")
    with pytest.raises(ValueError, match="between 5% and 50%, for example 10%"):
        bounds.check(Percent(text))


def test_whole_bounds_reject_a_fraction_of_a_percent() -> None:
    bounds = PercentRange("1%", "100%", "25%", whole=True)
    with pytest.raises(
        ValueError, match="must be a whole percentage between 1% and 100%"
    ):
        bounds.check(Percent("2.5%"))
