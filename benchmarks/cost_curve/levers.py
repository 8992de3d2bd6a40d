"""The cost of the same requests with the other four levers, without a router.

Each lever is assumed at its best case, without cost for pods or for its implementation:

- *shorter prompt*: instructions of half the length with the same answers. The authors
  of LLMLingua-2 report 2x to 5x with little loss (arXiv 2403.12968) on prompts that are
  much longer than these.
- *cheaper model*: the same tokens at the price of the next smaller model, see `prices`.
  Its answers can differ; the agreement is shown if the set contains its answers.
- *exact cache*: the cache of the data plane with a lifetime of one day and 10,000
  entries, in one process, so that every repeat finds the first request.
"""

from decimal import Decimal

from benchmarks.cost_curve.prices import CHEAPER, PRICES
from benchmarks.cost_curve.streams import Call, Stream
from tracer_bentos.protocols.adapter import ClassificationInput
from tracer_bentos.protocols.tokens import TokenUsage
from tracer_bentos.serving.decision.cache import AnswerCache
from tracer_bentos.serving.records import Caller
from tracer_core.contracts.runtime_config import CacheConfig

__all__ = ["DAY_SECONDS", "Levers", "cost_of"]

DAY_SECONDS = 86_400.0
_ANYBODY = Caller(b"one caller")


def cost_of(model: str, prompt: int, answer: int) -> Decimal:
    """Return the exact price of one exchange.

    Raises:
        KeyError: The model has no price.
    """
    cost = PRICES.cost(model, TokenUsage(prompt=prompt, completion=answer))
    if cost is None:
        raise KeyError(model)
    return cost.total


class Levers:
    """The cumulative costs of one stream with the four levers."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._seconds = 0.0
        self._cache = AnswerCache(
            CacheConfig(ttl_seconds=DAY_SECONDS), lambda: self._seconds
        )
        self.bills = dict.fromkeys(
            ("teacher", "shorter prompt", "cheaper model", "exact cache"), Decimal(0)
        )
        """Cumulative dollars by lever."""
        self.repeats = 0
        """Number of answers from the cache."""
        self.compared = 0
        """Number of requests with a known answer of the cheaper model."""
        self.alike = 0
        """Number of those with the same answer as the teacher."""

    def add(self, call: Call, question: ClassificationInput, seconds: float) -> Decimal:
        """Charge one request at its time; return the price of the teacher."""
        self._seconds = seconds
        model, whole = self._stream.model, call.instructions + call.tokens
        paid = cost_of(model, whole, call.answer)
        short = cost_of(model, call.instructions // 2 + call.tokens, call.answer)
        less = cost_of(CHEAPER[model], call.cheaper_tokens or whole, call.answer)
        self.bills["teacher"] += paid
        self.bills["shorter prompt"] += short
        self.bills["cheaper model"] += less
        self.bills["exact cache"] += self._cached(call, question, paid)
        self.compared += call.cheaper is not None
        self.alike += call.cheaper == call.label
        return paid

    def _cached(
        self, call: Call, question: ClassificationInput, paid: Decimal
    ) -> Decimal:
        if self._cache.get(question, _ANYBODY) is not None:
            self.repeats += 1
            return Decimal(0)
        self._cache.put(question, _ANYBODY, call.label)
        return paid
