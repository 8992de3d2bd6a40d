"""Builds the redactor that the contract names, with the user's own patterns."""

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Final, Protocol

import re2

from tracer_bentos.redaction.standard import StandardRedactor
from tracer_core.contracts.redaction import NO_REDACTOR, STANDARD_REDACTOR, Redaction
from tracer_core.errors import SpecError

__all__ = ["ENTRY_POINTS", "Redactor", "UnavailableRedactor", "build_redactor"]

ENTRY_POINTS: Final = "tracer_router.redactors"
"""Group of entry points by which a package brings a redactor of its own.

Each names a callable without arguments that gives a `Redactor`.
"""


class Redactor(Protocol):
    """Takes out of texts what must not be kept."""

    @property
    def identity(self) -> str:
        """Name and version; differs whenever any text would be redacted otherwise."""

    def redact(self, text: str) -> str:
        """Give the text with stand-ins; a second pass changes nothing."""


class UnavailableRedactor:
    """Stands in for a redactor that cannot be had, so that nothing is kept unredacted.

    Every question then fails before it is looked at, which means: to the teacher.
    """

    identity = "absent"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        """Why it cannot be had."""

    def redact(self, text: str) -> str:  # noqa: ARG002 - as every redactor
        """Refuse.

        Raises:
            SpecError: Always.
        """
        raise SpecError(self.reason)


class _NoRedactor:
    identity = f"{NO_REDACTOR}/1"

    def redact(self, text: str) -> str:
        return text


class _PatternRedactor:
    """A redactor, then the user's patterns, in the linear time that RE2 promises."""

    def __init__(self, first: Redactor, redaction: Redaction) -> None:
        self._first = first
        self._patterns: Sequence[tuple[re2._Regexp, str]] = [
            (_compile(each.name, each.pattern), f"[{each.name}]")
            for each in redaction.patterns
        ]
        self.identity = f"{first.identity}+{redaction.patterns_digest}"

    def redact(self, text: str) -> str:
        text = self._first.redact(text)
        for pattern, stand_in in self._patterns:
            if pattern.search(text):
                text = pattern.sub(stand_in, text)
        return text


def build_redactor(redaction: Redaction) -> Redactor:
    """Give the redactor.

    Raises:
        SpecError: It is not installed, or a pattern cannot be used.
    """
    first = _named(redaction.redactor)
    return _PatternRedactor(first, redaction) if redaction.patterns else first


def _named(name: str) -> Redactor:
    if name == STANDARD_REDACTOR:
        return StandardRedactor()
    if name == NO_REDACTOR:
        return _NoRedactor()
    for each in entry_points(group=ENTRY_POINTS, name=name):
        found: Redactor = each.load()()
        return found
    raise SpecError(
        f"redactor {name!r} is not installed: use {STANDARD_REDACTOR!r}, or an image"
        f" with a package that brings it as an entry point of {ENTRY_POINTS}"
    )


def _compile(name: str, pattern: str) -> "re2._Regexp":
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise SpecError(f"redact pattern {name!r}: {error}") from None
    if compiled.search(""):
        raise SpecError(f"redact pattern {name!r} matches nothing at all: {pattern}")
    return compiled
