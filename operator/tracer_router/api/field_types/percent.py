"""Percentages as people write them: `95%`, `99.5%`; never floats."""

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
"""A percentage; RE2 and Python read it alike."""

WHOLE_PERCENT_PATTERN = "^(100|[1-9]?[0-9])%$"
"""A percentage without a fraction."""

_MAX_LENGTH = 10


class Percent(str):
    """A percentage as text, with its value.

    Raises:
        ValueError: The text is not a percentage from 0% to 100%.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Give the text back as a percentage, once it is one."""
        found = super().__new__(cls, text)
        if not re.fullmatch(PERCENT_PATTERN, text) or found.fraction > 1:
            raise ValueError(f"{text!r} is not a percentage: write it like 95% or 2.5%")
        return found

    @classmethod
    def from_fraction(cls, fraction: float, digits: int = 1) -> Self:
        """Give a fraction as a percentage, rounded, without trailing zeros."""
        text = f"{Decimal(str(fraction)) * 100:.{digits}f}"
        return cls((text.rstrip("0").rstrip(".") if "." in text else text) + "%")

    @property
    def fraction(self) -> float:
        """The value as a fraction: 0.95 for `95%`."""
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
    """Bounds of a percentage, both included, for Python and the API server alike."""

    low: str
    high: str
    example: str
    whole: bool = False

    @property
    def message(self) -> str:
        """What to write instead."""
        kind = "whole percentage" if self.whole else "percentage"
        return f"say a {kind} from {self.low} to {self.high}, such as {self.example}"

    def check(self, value: Percent) -> Percent:
        """Give the value back.

        Raises:
            ValueError: It is outside the bounds.
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
        low, high = (float(each.removesuffix("%")) for each in (self.low, self.high))
        # A list of one gives the number a name: CEL has no other way, and the rule
        # stands in the CRD once a field.
        rule = Rule(
            f"self.matches(r'{pattern}')"
            f" && [double(self.replace('%', ''))].all(n, n >= {low} && n <= {high})",
            self.message,
        )
        return {**handler(schema), RULES_KEY: [rule.manifest()]}
