"""The default redactor: email addresses, keys, and long numbers."""

import re
from typing import Final

from tracer_core.contracts.redaction import STANDARD_REDACTOR

__all__ = ["STANDARD_VERSION", "StandardRedactor"]

STANDARD_VERSION: Final = 2
"""Increases if a pattern changes, because redacted texts change."""

# All quantifiers are bounded or unambiguous, so every text takes linear time.
_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_KEY: Final = re.compile(
    r"\b(?:(?:sk|pk|rk)[-_]|gh[opsu]_|github_pat_|xox[abps]-)"
    r"[A-Za-z0-9_-]{16,4096}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{12,128}"
    r"|\beyJ[A-Za-z0-9_-]{8,4096}(?:\.[A-Za-z0-9_-]{2,4096}){1,2}"
    r"|\b(?=[A-Za-z_-]{0,256}\d)(?=[\d_-]{0,256}[A-Za-z])"
    r"[A-Za-z0-9_-]{32,4096}"
)
_RUN: Final = re.compile(r"[A-Za-z0-9_-]{11}")
"""Part of every key and of few other texts: a faster check than `_KEY`."""
_DIGIT: Final = re.compile(r"\d")
_DIGITS: Final = re.compile(r"(?<!\w)\+?\(?\d(?:[ ()./-]{0,2}\d){8,18}(?!\w)")

_CARD_DIGITS: Final = range(13, 20)
_PHONE_DIGITS: Final = range(9, 16)
_LUHN: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""The value of a digit in every second place from the right, in the Luhn checksum."""


class StandardRedactor:
    """Replaces email addresses, keys, card numbers, phone numbers, and long numbers."""

    identity = f"{STANDARD_REDACTOR}/{STANDARD_VERSION}"
    """Name and version."""

    def redact(self, text: str) -> str:
        """Return the text with placeholders for all matches."""
        if "@" in text:
            text = _EMAIL.sub("[email]", text)
        if _RUN.search(text):
            text = _KEY.sub("[key]", text)
        return _DIGITS.sub(_placeholder, text) if _DIGIT.search(text) else text


def _placeholder(found: "re.Match[str]") -> str:
    digits = [int(digit) for digit in found.group() if digit.isdigit()]
    if len(digits) in _CARD_DIGITS and _has_luhn_checksum(digits):
        return "[card]"
    return "[phone]" if len(digits) in _PHONE_DIGITS else "[number]"


def _has_luhn_checksum(digits: list[int]) -> bool:
    """Return whether the last digit is the Luhn check digit of the other digits.

    Source:
        ISO/IEC 7812-1, annex B.
    """
    odd_places = sum(digits[-1::-2])
    even_places = sum(_LUHN[digit] for digit in digits[-2::-2])
    return (odd_places + even_places) % 10 == 0
