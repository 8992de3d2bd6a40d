"""Counts and costs to money: what was saved, how sure that is, and what it cost.

Saved is the teacher cost that was avoided: the forecast for all that the surrogate
answered without an audit, corrected by what the audits showed. Audited answers save
nothing, the teacher was paid for them; what audits cost is shown beside. What exact
repeats avoided is the cache's and no part of the saving. From the saving comes off what
the pods cost, and embeddings that were asked for to decide. Sums are exact decimals.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from typing_extensions import override

from tracer_core.stats.estimators.difference_estimator import half_width
from tracer_router.api import RevisionTotals

__all__ = ["MeasuredSavings", "measure_savings"]

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class MeasuredSavings:
    """What the router saved, beside what was paid."""

    avoided: Decimal
    """Teacher cost that the surrogate avoided."""
    error: Decimal | None
    """Half the width of its 95 % interval; none when too few sessions were audited."""
    paid: Decimal
    """Teacher cost that was paid, audits included."""
    audits: Decimal
    """Of that, for audits."""
    cached: Decimal = _NOTHING
    """Forecast teacher cost of what the cache answered; never part of `avoided`."""
    pods: Decimal = _NOTHING
    """What the pods cost."""
    embeddings: Decimal = _NOTHING
    """What was paid for embeddings, audits and deferred questions included."""

    @property
    def saved(self) -> Decimal:
        """What is left of the avoided cost when pods and embeddings are paid."""
        return self.avoided - self.pods - self.embeddings

    @property
    def low(self) -> Decimal | None:
        """Lower end of the interval of what was saved."""
        return None if self.error is None else self.saved - self.error

    @property
    def high(self) -> Decimal | None:
        """Upper end of the interval."""
        return None if self.error is None else self.saved + self.error

    @override
    def __str__(self) -> str:
        """Give it as people read it, such as $1.23 (18.0%)."""
        bill = self.avoided + self.cached + self.paid  # with the teacher alone
        share = f" ({self.saved / bill:.1%})" if bill else ""
        sign = "-" if self.saved < 0 else ""
        return f"{sign}${abs(self.saved):.2f}{share}"


def measure_savings(
    counts: Iterable[RevisionTotals], pods: Decimal = _NOTHING
) -> MeasuredSavings:
    """Add up all tasks; the errors of tasks are independent, so their squares add."""
    counts = tuple(counts)
    tasks = [task for each in counts for task in each.tasks]
    spread = sum(float(task.cost_spread) for task in tasks)
    samples = sum(task.cost_samples for task in tasks)
    error = half_width(spread, samples)
    forecast = sum((Decimal(task.cost_saved) for task in tasks), _NOTHING)
    correction = sum((Decimal(task.cost_correction) for task in tasks), _NOTHING)
    return MeasuredSavings(
        avoided=forecast + correction,
        error=None if error is None else Decimal(f"{error:.12g}"),
        paid=sum((Decimal(task.cost_teacher) for task in tasks), _NOTHING),
        audits=sum((Decimal(task.cost_audits) for task in tasks), _NOTHING),
        cached=sum((Decimal(task.cost_cached) for task in tasks), _NOTHING),
        pods=pods,
        embeddings=sum((Decimal(each.cost_embeddings) for each in counts), _NOTHING),
    )
