"""The savings of a router in money, with their interval and their cost.

The savings are the avoided teacher cost: the forecast for all answers of the surrogate
without an audit, corrected by the results of the audits. An audited answer saves
nothing, because the teacher was paid for it; the cost of audits is reported separately.
The cost that the cache avoided for exact repeats is not part of the savings. The cost
of the pods, and of the embeddings requested for decisions, is subtracted. Sums are
exact decimals.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from typing_extensions import override

from tracer_core.stats.estimators.difference_estimator import half_width
from tracer_router.api import RevisionTotals

__all__ = ["MeasuredSavings", "measure_savings"]

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class MeasuredSavings:
    """The savings of a router, and what was paid."""

    avoided: Decimal
    """Teacher cost that the surrogate avoided."""
    error: Decimal | None
    """Half the width of its 95% interval; None if too few sessions were audited."""
    paid: Decimal
    """Teacher cost that was paid, including audits."""
    audits: Decimal
    """The part of `paid` for audits."""
    cached: Decimal = _ZERO
    """Forecast teacher cost of the answers from the cache; not part of `avoided`."""
    pods: Decimal = _ZERO
    """Cost of the pods."""
    embeddings: Decimal = _ZERO
    """Cost of embeddings, including those for audited and deferred requests."""

    @property
    def saved(self) -> Decimal:
        """The avoided cost minus the cost of pods and embeddings."""
        return self.avoided - self.pods - self.embeddings

    @property
    def low(self) -> Decimal | None:
        """Lower end of the interval of the savings."""
        return None if self.error is None else self.saved - self.error

    @property
    def high(self) -> Decimal | None:
        """Upper end of the interval of the savings."""
        return None if self.error is None else self.saved + self.error

    @override
    def __str__(self) -> str:
        """Return the savings and their share of the bill: $1.23 (18.0%)."""
        bill = self.avoided + self.cached + self.paid  # without a router
        share = f" ({self.saved / bill:.1%})" if bill else ""
        sign = "-" if self.saved < 0 else ""
        return f"{sign}${abs(self.saved):.2f}{share}"


def measure_savings(
    counts: Iterable[RevisionTotals], pods: Decimal = _ZERO
) -> MeasuredSavings:
    """Return the savings of all tasks.

    The errors of the tasks are independent, so their variances add up.

    Args:
        counts: Counts of revisions.
        pods: Cost of the pods.
    """
    counts = tuple(counts)
    tasks = [task for revision in counts for task in revision.tasks]
    spread = sum(float(task.cost_spread) for task in tasks)
    samples = sum(task.cost_samples for task in tasks)
    error = half_width(spread, samples)
    forecast = sum((Decimal(task.cost_saved) for task in tasks), _ZERO)
    correction = sum((Decimal(task.cost_correction) for task in tasks), _ZERO)
    return MeasuredSavings(
        avoided=forecast + correction,
        error=None if error is None else Decimal(f"{error:.12g}"),
        paid=sum((Decimal(task.cost_teacher) for task in tasks), _ZERO),
        audits=sum((Decimal(task.cost_audits) for task in tasks), _ZERO),
        cached=sum((Decimal(task.cost_cached) for task in tasks), _ZERO),
        pods=pods,
        embeddings=sum((Decimal(found.cost_embeddings) for found in counts), _ZERO),
    )
