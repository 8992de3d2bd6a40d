"""Estimates the avoided teacher cost and its variance.

Each answer of the surrogate is priced by a forecast that is fixed before anything else
is known about the answer. The audited answers show the error of the forecast; the audit
draw does not depend on their content. Weighted by the inverse of the audit rate, these
errors correct the sum without bias, for any forecast. The variance of the correction is
computed by session, because the draw is made by session.
"""

from collections import OrderedDict
from collections.abc import Hashable
from decimal import Decimal
from typing import Final

__all__ = ["AvoidedCost", "CostForecast"]

MAX_LABELS: Final = 256
MAX_SESSIONS: Final = 20_000
_QUANTUM: Final = Decimal("1e-12")


class CostForecast:
    """Forecasts the cost of a question of one task from measured exchanges.

    The cost of the request is a linear function of its size (least squares). The cost
    of the answer is the mean for its label.
    """

    def __init__(self) -> None:
        self._count = 0
        self._sums = [0.0, 0.0, 0.0, 0.0]
        self._answers: dict[str, tuple[int, float]] = {}
        self._answer = (0, 0.0)

    def update(
        self, size: int, label: str | None, prompt: Decimal, completion: Decimal
    ) -> None:
        """Include a measured exchange.

        Args:
            size: Size of the request body in bytes.
            label: Answer of the teacher, if it is a label.
            prompt: Cost of the tokens of the request.
            completion: Cost of the tokens of the answer.
        """
        cost = float(prompt)
        self._count += 1
        for index, value in enumerate((size, cost, size * size, size * cost)):
            self._sums[index] += value
        answer = float(completion)
        self._answer = _add(self._answer, answer)
        if label is not None and (
            label in self._answers or len(self._answers) < MAX_LABELS
        ):
            self._answers[label] = _add(self._answers.get(label, (0, 0.0)), answer)

    def cost(self, size: int, label: str) -> Decimal | None:
        """Return the forecast; None before the first measurement.

        Args:
            size: Size of the request body in bytes.
            label: The answer.
        """
        if not self._count:
            return None
        count, total = self._answers.get(label, self._answer)
        cost = self._prompt_cost(size) + total / count
        return Decimal(max(cost, 0.0)).quantize(_QUANTUM)

    def _prompt_cost(self, size: int) -> float:
        count, (sizes, costs, squares, products) = self._count, self._sums
        variation = squares - sizes * sizes / count
        if variation <= 0:
            return costs / count
        slope = (products - sizes * costs / count) / variation
        return costs / count + slope * (size - sizes / count)


class AvoidedCost:
    """The sums of one task; the operator computes a total and an interval from them."""

    def __init__(self) -> None:
        self.forecast = Decimal(0)
        """Forecast cost of the answers that were not audited."""
        self.correction = 0.0
        """Weighted sum of the forecast errors of the audited answers."""
        self.samples = 0
        """Number of sessions behind `spread`."""
        self.audits = Decimal(0)
        """Cost of the audits."""
        self._session_spread = 0.0
        self._weight = 0.0
        self._squared_errors = (0, 0.0)
        self._pending: dict[str, Decimal] = {}
        self._sessions: OrderedDict[Hashable, float] = OrderedDict()

    @property
    def spread(self) -> float:
        """Estimated variance of the correction.

        The estimate comes from the audited sessions, but is not less than the value
        that the forecast errors of all measured exchanges imply. A small audit sample
        can miss a rare expensive answer that the other exchanges contain.
        """
        count, squares = self._squared_errors
        mean_square = squares / count if count else 0.0
        return max(self._session_spread, self._weight * mean_square)

    def record_forecast_error(self, forecast: Decimal, cost: Decimal) -> None:
        """Record the forecast and the measured cost of an exchange, audited or not."""
        self._squared_errors = _add(self._squared_errors, float(cost - forecast) ** 2)

    def record_unaudited(self, forecast: Decimal) -> None:
        """Add an answer for which the teacher was not called."""
        self.forecast += forecast

    def expect_audit(self, answer: str, forecast: Decimal) -> None:
        """Store the forecast of an answer until its audit ends."""
        self._pending[answer] = forecast

    def record_audit(
        self, answer: str, session: Hashable, propensity: float, cost: Decimal | None
    ) -> None:
        """Add the cost of an audit and the error of its forecast.

        Args:
            answer: Id of the audited answer.
            session: Session of the answer; the id of the answer if it has none.
            propensity: Probability of the audit draw.
            cost: Cost of the answer of the teacher; None if it was not measured.
        """
        forecast = self._pending.pop(answer, None)
        if cost is None or forecast is None:
            return
        self.audits += cost
        if not 0 < propensity < 1:
            return  # every answer is audited; there is nothing to estimate
        error = float(cost - forecast) / propensity
        self.correction += error * (1 - propensity)
        previous = self._sessions.get(session)
        self.samples += previous is None
        before = previous or 0.0
        self._session_spread += ((before + error) ** 2 - before**2) * (1 - propensity)
        self._weight += (1 - propensity) / propensity**2
        self._sessions[session] = before + error
        self._sessions.move_to_end(session)
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)


def _add(sum_: tuple[int, float], value: float) -> tuple[int, float]:
    return sum_[0] + 1, sum_[1] + value
