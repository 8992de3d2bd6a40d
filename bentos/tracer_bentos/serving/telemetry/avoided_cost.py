"""What the teacher would have cost where it was not asked: a forecast and its error.

Every answer of the surrogate is priced by a forecast that is fixed before anything else
is known of it. The audited ones, drawn by a coin that owes nothing to their content,
show by how much the forecast is off; weighted by one over the coin's rate they correct
the sum without bias, however bad the forecast is. How far the correction may be off is
told by session, because the coin is drawn by session.
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
    """Cost of a question of one task, learned from the exchanges that were measured.

    A line through the cost of the request by its size, and the mean cost of the answer
    by its label.
    """

    def __init__(self) -> None:
        self._seen = 0
        self._sums = [0.0, 0.0, 0.0, 0.0]
        self._answers: dict[str, tuple[int, float]] = {}
        self._answer = (0, 0.0)

    def update(
        self, size: int, label: str | None, asked: Decimal, told: Decimal
    ) -> None:
        """Take a measured exchange into account.

        Args:
            size: Size of the request body.
            label: What the teacher answered, if it was a label.
            asked: Cost of the request's tokens.
            told: Cost of the answer's tokens.
        """
        cost = float(asked)
        self._seen += 1
        for index, value in enumerate((size, cost, size * size, size * cost)):
            self._sums[index] += value
        self._answer = _add(self._answer, float(told))
        if label is not None and (
            label in self._answers or len(self._answers) < MAX_LABELS
        ):
            self._answers[label] = _add(self._answers.get(label, (0, 0.0)), float(told))

    def cost(self, size: int, label: str) -> Decimal | None:
        """Give the forecast; none before anything was measured."""
        if not self._seen:
            return None
        count, total = self._answers.get(label, self._answer)
        found = self._asked(size) + total / count
        return Decimal(max(found, 0.0)).quantize(_QUANTUM)

    def _asked(self, size: int) -> float:
        seen, (sizes, costs, squares, products) = self._seen, self._sums
        spread = squares - sizes * sizes / seen
        if spread <= 0:
            return costs / seen
        slope = (products - sizes * costs / seen) / spread
        return costs / seen + slope * (size - sizes / seen)


class AvoidedCost:
    """The sums of one task, from which the operator makes a total and an interval."""

    def __init__(self) -> None:
        self.forecast = Decimal(0)
        """Forecast cost of the answers that were not audited."""
        self.correction = 0.0
        """What the audited ones add to it, weighted."""
        self.samples = 0
        """Sessions that the spread rests on."""
        self.audits = Decimal(0)
        """What the audits cost."""
        self._own_spread = 0.0
        self._weight = 0.0
        self._measured = (0, 0.0)
        self._expected: dict[str, Decimal] = {}
        self._sessions: OrderedDict[Hashable, float] = OrderedDict()

    @property
    def spread(self) -> float:
        """Estimated variance of the correction.

        From the audited sessions, and not less than the forecast's errors everywhere
        say: a dear answer in a hundred is in no small sample, but it is in the others.
        """
        count, squares = self._measured
        everywhere = squares / count if count else 0.0
        return max(self._own_spread, self._weight * everywhere)

    def measured(self, forecast: Decimal, cost: Decimal) -> None:
        """Note how far a forecast was off, audited or not."""
        self._measured = _add(self._measured, float(cost - forecast) ** 2)

    def not_audited(self, forecast: Decimal) -> None:
        """Count an answer that saved the teacher's."""
        self.forecast += forecast

    def to_be_audited(self, answer: str, forecast: Decimal) -> None:
        """Remember the forecast of an answer until its audit ends."""
        self._expected[answer] = forecast

    def audited(
        self, answer: str, session: Hashable, propensity: float, cost: Decimal | None
    ) -> None:
        """Count an audit: its cost, and by how much the forecast was off.

        Args:
            answer: The answer that was audited.
            session: Its session, or itself when it belongs to none.
            propensity: The rate of the coin.
            cost: What the teacher's answer cost; none when that is not known.
        """
        forecast = self._expected.pop(answer, None)
        if cost is None or forecast is None:
            return
        self.audits += cost
        if not 0 < propensity < 1:
            return  # all were asked: nothing is left to be estimated
        off = float(cost - forecast) / propensity
        self.correction += off * (1 - propensity)
        before = self._sessions.get(session)
        self.samples += before is None
        known = before or 0.0
        self._own_spread += ((known + off) ** 2 - known**2) * (1 - propensity)
        self._weight += (1 - propensity) / propensity**2
        self._sessions[session] = known + off
        self._sessions.move_to_end(session)
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)


def _add(known: tuple[int, float], value: float) -> tuple[int, float]:
    return known[0] + 1, known[1] + value
