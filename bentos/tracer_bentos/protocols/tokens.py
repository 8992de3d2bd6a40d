"""Token counts that a teacher reports, checked for plausibility."""

from dataclasses import dataclass
from typing import Any

__all__ = ["TokenUsage", "parse_usage"]


MAX_TOKENS = 1_000_000_000
"""Maximum of one count in one response; far above the size of any context window."""


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Token counts of one request and its response, as the teacher reports them."""

    prompt: int
    """Tokens of the request, including cached tokens."""
    completion: int
    """Tokens of the answer."""
    cached: int = 0
    """Tokens of the request that the teacher read from its cache."""

    def __post_init__(self) -> None:
        """Refuse implausible counts: one absurd number would corrupt every sum.

        Raises:
            ValueError: A count is negative or larger than `MAX_TOKENS`.
        """
        for tokens in (self.prompt, self.completion, self.cached):
            if not 0 <= tokens <= MAX_TOKENS:
                raise ValueError(
                    f"token count {tokens} must be between 0 and {MAX_TOKENS}"
                )


def parse_usage(prompt: Any, completion: Any, cached: Any = 0) -> TokenUsage | None:
    """Return the token counts; none if one of them is not a plausible count.

    An answer with implausible counts stays a valid answer, without a cost.
    """
    counts = (prompt, completion, cached or 0)
    if any(
        not isinstance(count, int) or not 0 <= count <= MAX_TOKENS for count in counts
    ):
        return None
    return TokenUsage(*counts)
