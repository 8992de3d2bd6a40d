"""What the teacher's answers cost, from token usage and the configured prices."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

__all__ = ["Price", "Prices", "Usage"]

MILLION = 1_000_000
CHARACTERS_PER_TOKEN = 4
"""The usual rule of thumb for English; only used before the first measured answer."""
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one exchange as the teacher counted them."""

    prompt: int
    """Tokens of the request, cached ones included."""
    completion: int
    """Tokens of the answer."""
    cached: int = 0
    """Tokens of the request that the teacher had cached."""


@dataclass(frozen=True, slots=True)
class Price:
    """The price list of one model, per token."""

    model: str
    """Name of the model as clients write it."""
    prompt: float
    """Per token of a request."""
    cached: float
    """Per cached token of a request; the full price when the list names none."""
    completion: float
    """Per token of an answer."""

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> Self:
        """Read one entry of the price list.

        Raises:
            KeyError: A price is missing.
            ValueError: A price is not a number.
        """
        prompt = float(item["inputPerMillionTokens"])
        cached = float(item.get("cachedInputPerMillionTokens") or prompt)
        completion = float(item["outputPerMillionTokens"])
        return cls(
            str(item["model"]), prompt / MILLION, cached / MILLION, completion / MILLION
        )

    def of(self, usage: Usage) -> float:
        """Give the cost of one exchange."""
        fresh = max(usage.prompt - usage.cached, 0)
        cached = usage.cached * self.cached
        return fresh * self.prompt + cached + usage.completion * self.completion


class Prices:
    """The whole price list."""

    def __init__(self, prices: Iterable[Price]) -> None:
        self._by_model = {price.model: price for price in prices}

    def cost(self, model: str, usage: Usage) -> float | None:
        """Give the cost of an exchange; none when the model has no price.

        A dated snapshot (`gpt-4o-2024-08-06`) costs what its model costs.
        """
        price = self._by_model.get(model)
        price = price or self._by_model.get(_SNAPSHOT.sub("", model))
        return price.of(usage) if price else None

    def estimate(self, model: str, prompt_size: int, answer_size: int) -> float:
        """Guess the cost from sizes in characters; 0 when the model has no price."""
        usage = Usage(
            prompt=prompt_size // CHARACTERS_PER_TOKEN,
            completion=max(answer_size // CHARACTERS_PER_TOKEN, 1),
        )
        return self.cost(model, usage) or 0.0
