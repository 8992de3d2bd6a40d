"""The redactor that is used unless another is named: addresses, keys, numbers."""

import re
from typing import Final

from tracer_core.contracts.redaction import STANDARD_REDACTOR

__all__ = ["STANDARD_VERSION", "StandardRedactor"]

STANDARD_VERSION: Final = 2
"""Grows whenever a pattern changes: the texts before and after are not the same."""

# Every quantifier is bounded or unambiguous, so a hostile text costs linear time.
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
"""What every key has, and most texts have not: a quicker look than for the keys."""
_DIGIT: Final = re.compile(r"\d")
_DIGITS: Final = re.compile(r"(?<!\w)\+?\(?\d(?:[ ()./-]{0,2}\d){8,18}(?!\w)")

_CARD_DIGITS: Final = range(13, 20)
_PHONE_DIGITS: Final = range(9, 16)
_LUHN: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""What a digit counts in every second place, from the right."""


class StandardRedactor:
    """Replaces e-mail addresses, keys, card numbers, phone and other long numbers."""

    identity = f"{STANDARD_REDACTOR}/{STANDARD_VERSION}"
    """Name and version."""

    def redact(self, text: str) -> str:
        """Give the text with a stand-in for everything found."""
        if "@" in text:
            text = _EMAIL.sub("[email]", text)
        if _RUN.search(text):
            text = _KEY.sub("[key]", text)
        return _DIGITS.sub(_placeholder, text) if _DIGIT.search(text) else text


def _placeholder(found: "re.Match[str]") -> str:
    digits = [int(each) for each in found.group() if each.isdigit()]
    if len(digits) in _CARD_DIGITS and _luhn(digits):
        return "[card]"
    return "[phone]" if len(digits) in _PHONE_DIGITS else "[number]"


def _luhn(digits: list[int]) -> bool:
    """Say whether the last digit is the check digit of the others."""
    plain = sum(digits[-1::-2])
    return (plain + sum(_LUHN[each] for each in digits[-2::-2])) % 10 == 0
