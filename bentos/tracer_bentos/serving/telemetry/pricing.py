"""Cost of teacher answers, from token usage and the configured prices."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from tracer_bentos.protocols.tokens import TokenUsage
from tracer_core.contracts.runtime_config import PriceConfig

__all__ = ["MILLION", "CallCost", "ParsedPrice", "PriceTable"]

MILLION = 1_000_000
CHARACTERS_PER_TOKEN = 4
"""Rule of thumb for English text; used only before the first measured answer."""
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class CallCost:
    """The cost of one exchange."""

    prompt: Decimal
    """Cost of the tokens of the request."""
    completion: Decimal
    """Cost of the tokens of the answer."""

    @property
    def total(self) -> Decimal:
        """Cost of all tokens."""
        return self.prompt + self.completion


@dataclass(frozen=True, slots=True)
class ParsedPrice:
    """The prices of one model, per token."""

    model: str
    """Name of the model in requests."""
    prompt: Decimal
    """Price of one token of a request."""
    cached: Decimal
    """Price of one cached token of a request; the full price if none is configured."""
    completion: Decimal
    """Price of one token of an answer."""

    @classmethod
    def from_config(cls, config: PriceConfig) -> Self:
        """Return the prices of a model from the configured prices of its tokens."""
        prompt = config.input_per_million_tokens
        cached = config.cached_input_per_million_tokens or prompt
        completion = config.output_per_million_tokens
        return cls(
            config.model, prompt / MILLION, cached / MILLION, completion / MILLION
        )

    def cost(self, usage: TokenUsage) -> CallCost:
        """Return the exact cost of one exchange."""
        uncached = max(usage.prompt - usage.cached, 0)
        prompt = uncached * self.prompt + usage.cached * self.cached
        return CallCost(prompt, usage.completion * self.completion)


class PriceTable:
    """The complete price list."""

    def __init__(self, prices: Iterable[ParsedPrice]) -> None:
        self._by_model = {price.model: price for price in prices}

    def cost(self, model: str, usage: TokenUsage) -> CallCost | None:
        """Return the cost of an exchange; None if the model has no price.

        A dated snapshot, such as `gpt-4o-2024-08-06`, has the price of its model.
        """
        price = self._by_model.get(model)
        price = price or self._by_model.get(_SNAPSHOT.sub("", model))
        return price.cost(usage) if price else None

    def estimate(self, model: str, prompt_size: int, answer_size: int) -> Decimal:
        """Return a rough cost from sizes in characters; 0 if the model has no price."""
        usage = TokenUsage(
            prompt=prompt_size // CHARACTERS_PER_TOKEN,
            completion=max(answer_size // CHARACTERS_PER_TOKEN, 1),
        )
        cost = self.cost(model, usage)
        return cost.total if cost else Decimal(0)
