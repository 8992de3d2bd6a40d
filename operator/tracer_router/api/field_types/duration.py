"""Durations as a whole number with a unit: `10m`, `24h`, `90d`."""

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
"""A whole number and its unit; RE2 and Python match the same strings."""

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MAX_LENGTH: Final = 6


class Duration(str):
    """A duration as a string, for example `10m`.

    Raises:
        ValueError: The string is not a whole number from 1 to 99999 followed by one of
            the units `s`, `m`, `h`, and `d`.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Return the string as a duration after validation."""
        if not re.fullmatch(DURATION_PATTERN, text):
            raise ValueError(
                f"{text!r} is not a duration; use a format such as 10m or 90d"
            )
        return super().__new__(cls, text)

    @property
    def seconds(self) -> int:
        """Number of seconds: 600 for `10m`."""
        return int(self[:-1]) * _UNITS[self[-1]]

    @property
    def span(self) -> timedelta:
        """The value as a `timedelta`."""
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
    """Inclusive bounds of a duration, enforced by Python and by the API server."""

    low: str
    """Lower bound, for example `10s`."""
    high: str
    """Upper bound, for example `24h`."""
    example: str
    """A valid value that the error message shows."""

    @property
    def message(self) -> str:
        """The error message: the allowed values and an example."""
        return f"must be between {self.low} and {self.high}, for example {self.example}"

    def check(self, value: Duration) -> Duration:
        """Return the value unchanged if it is within the bounds.

        Raises:
            ValueError: The value is outside the bounds.
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
        # The list with one element binds the number of seconds to `n`, because CEL has
        # no variables.
        rule = Rule(
            f"self.matches('{DURATION_PATTERN}')"
            f" && [{number} * {unit}].all(n, n >= {low} && n <= {high})",
            self.message,
        )
        return {**handler(schema), RULES_KEY: [rule.manifest()]}
