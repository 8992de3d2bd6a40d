"""Build the redactor of a configuration, with the patterns of the user."""

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Final, Protocol

import re2

from tracer_bentos.redaction.standard import StandardRedactor
from tracer_core.contracts.redaction import NO_REDACTOR, STANDARD_REDACTOR, Redaction
from tracer_core.errors import SpecError

__all__ = ["ENTRY_POINTS", "Redactor", "UnavailableRedactor", "build_redactor"]

ENTRY_POINTS: Final = "tracer_router.redactors"
"""Group of entry points with which a package adds a redactor.

An entry point names a callable without arguments that returns a `Redactor`.
"""


class Redactor(Protocol):
    """Replaces the parts of texts that must not be stored."""

    @property
    def identity(self) -> str:
        """Name and version; different if the redaction of any text is different."""

    def redact(self, text: str) -> str:
        """Return the text with placeholders; a second call changes nothing."""


class UnavailableRedactor:
    """Replaces a redactor that is not available, so that no unredacted text is stored.

    Every classification fails before the text is read, so the teacher answers.
    """

    identity = "absent"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        """Why the redactor is not available."""

    def redact(self, text: str) -> str:  # noqa: ARG002 - the interface
        """Raise an error.

        Raises:
            SpecError: Always.
        """
        raise SpecError(self.reason)


class _NoRedactor:
    identity = f"{NO_REDACTOR}/1"

    def redact(self, text: str) -> str:
        return text


class _PatternRedactor:
    """A redactor, then the patterns of the user; RE2 matches them in linear time."""

    def __init__(self, first: Redactor, redaction: Redaction) -> None:
        self._first = first
        self._patterns: Sequence[tuple[re2._Regexp[str], str]] = [
            (_compile(pattern.name, pattern.pattern), f"[{pattern.name}]")
            for pattern in redaction.patterns
        ]
        self.identity = f"{first.identity}+{redaction.patterns_digest}"

    def redact(self, text: str) -> str:
        text = self._first.redact(text)
        for pattern, placeholder in self._patterns:
            if pattern.search(text):
                text = pattern.sub(placeholder, text)
        return text


def build_redactor(redaction: Redaction) -> Redactor:
    """Return the redactor of a configuration.

    Raises:
        SpecError: The redactor is not installed, or a pattern is not valid.
    """
    first = _find(redaction.redactor)
    return _PatternRedactor(first, redaction) if redaction.patterns else first


def _find(name: str) -> Redactor:
    if name == STANDARD_REDACTOR:
        return StandardRedactor()
    if name == NO_REDACTOR:
        return _NoRedactor()
    for point in entry_points(group=ENTRY_POINTS, name=name):
        redactor: Redactor = point.load()()
        return redactor
    raise SpecError(
        f"redactor {name!r} is not installed; use {STANDARD_REDACTOR!r}, or an image"
        f" with a package that adds it as an entry point of {ENTRY_POINTS}"
    )


def _compile(name: str, pattern: str) -> "re2._Regexp[str]":
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise SpecError(f"redact pattern {name!r}: {error}") from None
    if compiled.search(""):
        raise SpecError(
            f"redact pattern {name!r}: {pattern!r} must not match the empty string"
        )
    return compiled
