"""Spans of time as people write them: `10m`, `24h`, `90d`."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from tracer_router.api.base.model import RULES_KEY, Rule

__all__ = ["DURATION_PATTERN", "Duration", "DurationRange"]

DURATION_PATTERN: Final = "^[1-9][0-9]{0,4}[smhd]$"
"""A whole number and its unit; RE2 and Python read it alike."""

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MAX_LENGTH: Final = 6


class Duration(str):
    """A span of time as text, with its value.

    Raises:
        ValueError: The text is not a whole number with one of the units.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Give the text back as a duration, once it is one."""
        if not re.fullmatch(DURATION_PATTERN, text):
            raise ValueError(f"{text!r} is not a duration: write it like 10m or 90d")
        return super().__new__(cls, text)

    @property
    def seconds(self) -> int:
        """The value in seconds: 600 for `10m`."""
        return int(self[:-1]) * _UNITS[self[-1]]

    @property
    def span(self) -> timedelta:
        """The value as a span."""
        return timedelta(seconds=self.seconds)

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
class DurationRange:
    """Bounds of a duration, both included, for Python and the API server alike."""

    low: str
    high: str
    example: str

    @property
    def message(self) -> str:
        """What to write instead."""
        return f"say a duration from {self.low} to {self.high}, such as {self.example}"

    def check(self, value: Duration) -> Duration:
        """Give the value back.

        Raises:
            ValueError: It is outside the bounds.
        """
        low, high = Duration(self.low).seconds, Duration(self.high).seconds
        if not low <= value.seconds <= high:
            raise ValueError(self.message)
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        low, high = Duration(self.low).seconds, Duration(self.high).seconds
        units, last = "".join(_UNITS), "self.size() - 1"
        number = f"int(self.substring(0, {last}))"
        unit = f"{[*_UNITS.values()]}['{units}'.indexOf(self.substring({last}))]"
        # A list of one gives the seconds a name: CEL has no other way, and the rule
        # stands in the CRD once a field.
        rule = Rule(
            f"self.matches('{DURATION_PATTERN}')"
            f" && [{number} * {unit}].all(n, n >= {low} && n <= {high})",
            self.message,
        )
        return {**handler(schema), RULES_KEY: [rule.manifest()]}
