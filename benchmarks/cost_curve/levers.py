"""What the same requests cost by the other four levers, without any router.

Each is given its best case, and none is charged for pods or for the work of it:

- *shorter prompt*: the instructions cut to a half with every answer unchanged. The
  authors of LLMLingua-2 report 2x to 5x with little loss (arXiv 2403.12968) on prompts
  much longer than these.
- *cheaper model*: the same tokens at the price of the next model down, see `prices`.
  Its answers are others; how often they are the teacher's is shown where the set knows.
- *exact cache*: the data plane's own cache with a day's lifetime and 10,000 entries,
  in one process, so that no repeat is missed because another pod has seen the first.
"""

from decimal import Decimal

from benchmarks.cost_curve.prices import CHEAPER, PRICES
from benchmarks.cost_curve.streams import Call, Stream
from tracer_bentos.protocols.adapter import ClassificationInput
from tracer_bentos.protocols.tokens import TokenUsage
from tracer_bentos.serving.decision.cache import AnswerCache, CacheSize
from tracer_bentos.serving.records import Caller

__all__ = ["DAY_SECONDS", "Levers", "cost_of"]

DAY_SECONDS = 86_400.0
_ANYBODY = Caller(b"one caller")


def cost_of(model: str, prompt: int, answer: int) -> Decimal:
    """Give the price of one exchange, exactly.

    Raises:
        KeyError: The model has no price.
    """
    cost = PRICES.cost(model, TokenUsage(prompt=prompt, completion=answer))
    if cost is None:
        raise KeyError(model)
    return cost.total


class Levers:
    """The four bills of one stream, up to now."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._seconds = 0.0
        self._cache = AnswerCache(CacheSize(10_000, DAY_SECONDS), lambda: self._seconds)
        self.bills = dict.fromkeys(
            ("teacher", "shorter prompt", "cheaper model", "exact cache"), Decimal(0)
        )
        """Dollars up to now, by lever."""
        self.repeats = 0
        """Answers that the cache gave."""
        self.compared = 0
        """Requests of which the cheaper model's answer is known."""
        self.alike = 0
        """Those of them that it answered as the teacher."""

    def add(self, call: Call, question: ClassificationInput, seconds: float) -> Decimal:
        """Charge one request at its time; give what the teacher takes for it."""
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
