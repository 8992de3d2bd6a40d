"""All prices as exact decimals, with their sources.

Models: list prices of OpenAI from LiteLLM 1.106.2
(`model_prices_and_context_window_backup.json`). Pods: AWS Fargate, Linux on x86,
us-east-1, on demand. The teacher caches no prompt: OpenAI caches prompts from 1,024
tokens, and all prompts here are shorter.
"""

from decimal import Decimal

from tracer_bentos.serving.telemetry.pricing import ParsedPrice, PriceTable
from tracer_core.contracts.runtime_config import PriceConfig
from tracer_router.savings.pods import PodPrices, ReservedResources

__all__ = ["CHEAPER", "MODELS", "POD_PRICES", "PRICES", "SHARED", "TRAINING"]

MODELS = {
    "gpt-4": ("30", "60"),
    "gpt-4o": ("2.50", "10"),
    "gpt-4o-mini": ("0.15", "0.60"),
    "gpt-3.5-turbo-1106": ("1", "2"),
    "gpt-3.5-turbo": ("0.50", "1.50"),
    "recorded": ("1", "1"),
    "recorded, cheaper": ("1", "1"),
}
"""Dollars per million tokens of a request and of an answer. `recorded`: the set has the
cost of each call, and one token represents a millionth of a dollar."""

CHEAPER = {
    "gpt-4": "gpt-3.5-turbo",
    "gpt-4o": "gpt-4o-mini",
    "gpt-3.5-turbo-1106": "gpt-4o-mini",
    "recorded": "recorded, cheaper",
}
"""The cheaper model for each model."""

PRICES = PriceTable(
    ParsedPrice.from_config(
        PriceConfig(
            model=name,
            input_per_million_tokens=prompt,
            output_per_million_tokens=completion,
        )
    )
    for name, (prompt, completion) in MODELS.items()
)

POD_PRICES = PodPrices(core_hour=Decimal("0.04048"), gib_hour=Decimal("0.004445"))

SHARED = ReservedResources(cores=Decimal("0.075"), gib=Decimal("0.21875"))
"""The operator and the store with the requests of the chart, charged in full to one
router, although several routers can share them."""

TRAINING = ReservedResources(cores=Decimal(2), gib=Decimal(4))
"""A training Job, while it exists."""
