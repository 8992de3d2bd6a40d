"""Percentages as strings: `95%`, `99.5%`; never floats."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from tracer_router.api.base.model import RULES_KEY, Rule

__all__ = ["PERCENT_PATTERN", "WHOLE_PERCENT_PATTERN", "Percent", "PercentRange"]

PERCENT_PATTERN = r"^(100|[1-9]?[0-9])(\.[0-9]{1,4})?%$"
"""A percentage; RE2 and Python match the same strings."""

WHOLE_PERCENT_PATTERN = "^(100|[1-9]?[0-9])%$"
"""A percentage without a fraction."""

_MAX_LENGTH = 10


class Percent(str):
    """A percentage as a string, for example `95%`.

    Raises:
        ValueError: The string is not a percentage between 0% and 100% with at most four
            decimal places.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Return the string as a percentage after validation."""
        percent = super().__new__(cls, text)
        if not re.fullmatch(PERCENT_PATTERN, text) or percent.fraction > 1:
            raise ValueError(
                f"{text!r} is not a percentage; use a format such as 95% or 2.5%"
            )
        return percent

    @classmethod
    def from_fraction(cls, fraction: float, digits: int = 1) -> Self:
        """Return a fraction as a rounded percentage without trailing zeros.

        Args:
            fraction: A value between 0 and 1.
            digits: Maximum number of decimal places.
        """
        text = f"{Decimal(str(fraction)) * 100:.{digits}f}"
        return cls((text.rstrip("0").rstrip(".") if "." in text else text) + "%")

    @property
    def fraction(self) -> float:
        """The value between 0 and 1: 0.95 for `95%`."""
        return float(Decimal(self.removesuffix("%")) / 100)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(max_length=_MAX_LENGTH),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )


@dataclass(frozen=True, slots=True)
class PercentRange:
    """Inclusive bounds of a percentage, enforced by Python and by the API server."""

    low: str
    """Lower bound, for example `50%`."""
    high: str
    """Upper bound, for example `99.9%`."""
    example: str
    """A valid value that the error message shows."""
    whole: bool = False
    """Whether only whole percentages are allowed."""

    @property
    def message(self) -> str:
        """The error message: the allowed values and an example."""
        kind = "a whole percentage " if self.whole else ""
        return (
            f"must be {kind}between {self.low} and {self.high}, for example"
            f" {self.example}"
        )

    def check(self, value: Percent) -> Percent:
        """Return the value unchanged if it is within the bounds.

        Raises:
            ValueError: The value is outside the bounds, or has decimal places although
                only whole percentages are allowed.
        """
        pattern = WHOLE_PERCENT_PATTERN if self.whole else PERCENT_PATTERN
        inside = Percent(self.low).fraction <= value.fraction
        inside = inside and value.fraction <= Percent(self.high).fraction
        if not inside or not re.fullmatch(pattern, value):
            raise ValueError(self.message)
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        pattern = WHOLE_PERCENT_PATTERN if self.whole else PERCENT_PATTERN
        low, high = (float(bound.removesuffix("%")) for bound in (self.low, self.high))
        # The list with one element binds the number to `n`, because CEL has no
        # variables.
        rule = Rule(
            f"self.matches(r'{pattern}')"
            f" && [double(self.replace('%', ''))].all(n, n >= {low} && n <= {high})",
            self.message,
        )
        return {**handler(schema), RULES_KEY: [rule.manifest()]}
