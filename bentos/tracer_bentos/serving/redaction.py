"""The first stage of every policy: what is personal or secret is taken out.

Traces hold the redacted text and the surrogate sees the redacted text, in training and
in serving alike. The patterns are part of a policy, so a change raises the version.
"""

import re
from typing import Final

__all__ = ["REDACTION_VERSION", "redact"]

REDACTION_VERSION: Final = 1
"""Grows whenever a pattern changes: the texts before and after are not the same."""

# Every quantifier is bounded or unambiguous, so a hostile text costs linear time.
_STAGES: Final = (
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"), "[email]"),
    (
        re.compile(
            r"\b(?:(?:sk|pk|rk)[-_]|gh[opsu]_|github_pat_|xox[abps]-)"
            r"[A-Za-z0-9_-]{16,4096}"
            r"|\b(?:AKIA|ASIA)[A-Z0-9]{12,128}"
            r"|\beyJ[A-Za-z0-9_-]{8,4096}(?:\.[A-Za-z0-9_-]{2,4096}){1,2}"
            r"|\b(?=[A-Za-z_-]{0,256}\d)(?=[\d_-]{0,256}[A-Za-z])"
            r"[A-Za-z0-9_-]{32,4096}"
        ),
        "[key]",
    ),
    (re.compile(r"(?<!\w)\+?\(?\d(?:[ ()./-]{0,2}\d){8,18}(?!\w)"), "[number]"),
)


def redact(text: str) -> str:
    """Give the text with e-mail addresses, keys and long numbers replaced."""
    for pattern, stand_in in _STAGES:
        text = pattern.sub(stand_in, text)
    return text
