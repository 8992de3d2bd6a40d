import pytest
from pydantic import TypeAdapter, ValidationError

from tracer_router.api.field_types.duration import Duration, DurationRange


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("10m", 600), ("24h", 86400), ("90d", 7776000)]
)
def test_a_duration_has_the_value_of_its_text(text: str, seconds: int) -> None:
    assert Duration(text).seconds == seconds
    assert Duration(text).span.total_seconds() == seconds


@pytest.mark.parametrize("text", ["10", "0s", "1w", "1h30m", "-1m", "1.5h", "", "m"])
def test_an_invalid_duration_is_rejected_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="use a format such as 10m or 90d"):
        Duration(text)


@pytest.mark.parametrize(
    ("text", "fits"), [("9s", False), ("10s", True), ("2h", False)]
)
def test_bounds_are_inclusive_and_part_of_the_message(text: str, *, fits: bool) -> None:
    bounds = DurationRange("10s", "1h", "10m")
    if fits:
        assert bounds.check(Duration(text)) == text
    else:
        with pytest.raises(ValueError, match="between 10s and 1h, for example 10m"):
            bounds.check(Duration(text))


def test_a_model_parses_and_serializes_a_duration_as_text() -> None:
    adapter = TypeAdapter(Duration)
    assert adapter.dump_python(adapter.validate_python("5m")) == "5m"
    with pytest.raises(ValidationError):
        adapter.validate_python(300)
