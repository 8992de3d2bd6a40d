"""Counts of tokens as a teacher reports them, if they can be true."""

from dataclasses import dataclass
from typing import Any

__all__ = ["TokenUsage", "parse_usage"]


MAX_TOKENS = 1_000_000_000
"""Of one exchange; far beyond any context window."""


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one exchange as the teacher counted them."""

    prompt: int
    """Tokens of the request, cached ones included."""
    completion: int
    """Tokens of the answer."""
    cached: int = 0
    """Tokens of the request that the teacher had cached."""

    def __post_init__(self) -> None:
        """Refuse what no teacher has counted: one absurd number would spoil every sum.

        Raises:
            ValueError: A number is negative or beyond any context window.
        """
        for tokens in (self.prompt, self.completion, self.cached):
            if not 0 <= tokens <= MAX_TOKENS:
                raise ValueError(f"{tokens} tokens in one exchange")


def parse_usage(prompt: Any, completion: Any, cached: Any = 0) -> TokenUsage | None:
    """Give the usage; none when one of the counts is none.

    The answer is then still one, only without a cost.
    """
    counts = (prompt, completion, cached or 0)
    if any(not isinstance(each, int) or not 0 <= each <= MAX_TOKENS for each in counts):
        return None
    return TokenUsage(*counts)
