"""What the teacher's answers cost, from token usage and the configured prices."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from tracer_bentos.protocols.tokens import TokenUsage

__all__ = ["MILLION", "CallCost", "ParsedPrice", "PriceTable"]

MILLION = 1_000_000
CHARACTERS_PER_TOKEN = 4
"""The usual rule of thumb for English; only used before the first measured answer."""
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class CallCost:
    """What one exchange cost."""

    asked: Decimal
    """The tokens of the request."""
    told: Decimal
    """The tokens of the answer."""

    @property
    def total(self) -> Decimal:
        """Both together."""
        return self.asked + self.told


@dataclass(frozen=True, slots=True)
class ParsedPrice:
    """The price list of one model, per token."""

    model: str
    """Name of the model as clients write it."""
    prompt: Decimal
    """Per token of a request."""
    cached: Decimal
    """Per cached token of a request; the full price when the list names none."""
    completion: Decimal
    """Per token of an answer."""

    @classmethod
    def parse(cls, item: Mapping[str, Any]) -> Self:
        """Read one entry of the price list.

        Raises:
            KeyError: A price is missing.
            ValueError: A price is not a number.
        """
        prompt = _decimal(item["inputPerMillionTokens"])
        cached = _decimal(item.get("cachedInputPerMillionTokens") or prompt)
        completion = _decimal(item["outputPerMillionTokens"])
        return cls(
            str(item["model"]), prompt / MILLION, cached / MILLION, completion / MILLION
        )

    def cost_of(self, usage: TokenUsage) -> CallCost:
        """Give the cost of one exchange, exactly."""
        fresh = max(usage.prompt - usage.cached, 0)
        asked = fresh * self.prompt + usage.cached * self.cached
        return CallCost(asked, usage.completion * self.completion)


def _decimal(text: Any) -> Decimal:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a price: write it like 2.50") from None


class PriceTable:
    """The whole price list."""

    def __init__(self, prices: Iterable[ParsedPrice]) -> None:
        self._by_model = {price.model: price for price in prices}

    def cost(self, model: str, usage: TokenUsage) -> CallCost | None:
        """Give the cost of an exchange; none when the model has no price.

        A dated snapshot (`gpt-4o-2024-08-06`) costs what its model costs.
        """
        price = self._by_model.get(model)
        price = price or self._by_model.get(_SNAPSHOT.sub("", model))
        return price.cost_of(usage) if price else None

    def estimate(self, model: str, prompt_size: int, answer_size: int) -> Decimal:
        """Guess the cost from sizes in characters; 0 when the model has no price."""
        usage = TokenUsage(
            prompt=prompt_size // CHARACTERS_PER_TOKEN,
            completion=max(answer_size // CHARACTERS_PER_TOKEN, 1),
        )
        found = self.cost(model, usage)
        return found.total if found else Decimal(0)
