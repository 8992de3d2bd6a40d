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
def test_a_percentage_has_the_value_it_says(text: str, fraction: float) -> None:
    assert Percent(text).fraction == fraction


@pytest.mark.parametrize(
    "text", ["95", "0.95", "95 %", "-5%", "101%", "100.1%", "%", "", "05%", "1e1%"]
)
def test_what_is_no_percentage_is_refused_with_the_way_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"write it like 95% or 2\.5%"):
        Percent(text)


@given(st.integers(0, 1000))
def test_a_fraction_with_one_digit_survives_the_way_to_text_and_back(
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


def test_a_model_gives_back_the_text_that_it_was_given() -> None:
    assert Holder(value=Percent("99.50%")).model_dump(mode="json") == {
        "value": "99.50%"
    }


def test_a_model_refuses_a_float() -> None:
    with pytest.raises(ValidationError, match="valid string"):
        Holder.model_validate({"value": 0.95})


@pytest.mark.parametrize("text", ["4.9%", "50.1%"])
def test_bounds_refuse_with_the_remedy(text: str) -> None:
    bounds = PercentRange("5%", "50%", "10%")
    with pytest.raises(
        ValueError, match="say a percentage from 5% to 50%, such as 10%"
    ):
        bounds.check(Percent(text))


def test_whole_bounds_refuse_a_fraction_of_a_percent() -> None:
    bounds = PercentRange("1%", "100%", "25%", whole=True)
    with pytest.raises(ValueError, match="say a whole percentage"):
        bounds.check(Percent("2.5%"))
