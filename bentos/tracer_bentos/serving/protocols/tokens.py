"""Counts of tokens as a teacher reports them, if they can be true."""

from typing import Any

from tracer_bentos.serving.prices import MOST_TOKENS, Usage

__all__ = ["usage_of"]


def usage_of(prompt: Any, completion: Any, cached: Any = 0) -> Usage | None:
    """Give the usage; none when one of the counts is none.

    The answer is then still one, only without a cost.
    """
    counts = (prompt, completion, cached or 0)
    if any(
        not isinstance(each, int) or not 0 <= each <= MOST_TOKENS for each in counts
    ):
        return None
    return Usage(*counts)
