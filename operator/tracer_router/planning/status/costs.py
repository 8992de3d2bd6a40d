"""Money in the status of a router: the savings, and the cost of audits."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from tracer_router.api import (
    AuditStatus,
    Percent,
    RevisionPhase,
    SavingsStatus,
    TracerRevision,
    TracerRouter,
)
from tracer_router.planning.evidence.evidence import revision_total
from tracer_router.planning.rollout.auditing import live_rate
from tracer_router.planning.state.observed import PodState
from tracer_router.savings.meter import MeasuredSavings
from tracer_router.savings.pods import PodCostMeter, PodPrices

__all__ = ["build_audit_status", "build_savings_status", "read_pod_meter"]

_DAY = timedelta(days=1)
_MIN_OBSERVATION = timedelta(minutes=30)
"""Time since a revision went live before a day of audits is estimated from it."""


def read_pod_meter(
    before: SavingsStatus | None,
    pods: Iterable[PodState],
    prices: PodPrices,
    now: datetime,
) -> PodCostMeter:
    """Return the cost of the pods so far.

    Args:
        before: The savings in the present status of the router.
        pods: All data-plane pods.
        prices: The prices of CPU and memory.
        now: The present time.
    """
    if before is None or before.pods_until is None or not prices:
        return PodCostMeter(Decimal(before.pods) if before else Decimal(0), now)
    meter = PodCostMeter(Decimal(before.pods), before.pods_until)
    return meter.update((pod.reserved for pod in pods), prices, now)


def build_savings_status(
    savings: MeasuredSavings, meter: PodCostMeter, *, metered: bool
) -> SavingsStatus | None:
    """Return the savings for the status; None while all amounts are zero.

    Args:
        savings: The measured savings.
        meter: The cost of the pods.
        metered: Whether prices for pods are configured.
    """
    amounts = (savings.avoided, savings.paid, savings.cached, savings.embeddings)
    if not (metered or any(amounts)):
        return None
    return SavingsStatus(
        saved=_money(savings.saved),
        low=None if savings.low is None else _money(savings.low),
        high=None if savings.high is None else _money(savings.high),
        avoided=_money(savings.avoided),
        paid=_money(savings.paid),
        audits=_money(savings.audits),
        cached=_money(savings.cached),
        embeddings=_money(savings.embeddings),
        pods=f"{meter.cost:f}",
        pods_until=meter.until if metered else None,
    )


def build_audit_status(
    router: TracerRouter, revisions: tuple[TracerRevision, ...], stable: int
) -> AuditStatus | None:
    """Return rate and cost of the audits at full weight; None if none is live."""
    live = next((found for found in revisions if found.spec.revision == stable), None)
    if live is None or live.status.phase is not RevisionPhase.LIVE:
        return None
    watch = live.status.drift
    chosen = live_rate(router, live, watch.told if watch else None)
    return AuditStatus(
        rate=str(Percent.from_fraction(chosen.rate)),
        reason=chosen.reason,
        cost_per_day=_audit_cost_per_day(live),
    )


def _audit_cost_per_day(live: TracerRevision) -> str | None:
    """Return the cost of a day of audits, at the traffic since the revision is live."""
    watch, counts = live.status.drift, revision_total(live.status.evidence)
    if watch is None or watch.told - watch.began < _MIN_OBSERVATION:
        return None
    deferred = sum(task.requests - task.answered for task in counts.tasks)
    audited = sum(task.audits_admitted for task in counts.tasks)
    paid = sum((Decimal(task.cost_teacher) for task in counts.tasks), Decimal(0))
    if not deferred + audited or not paid:
        return None
    cost_per_answer = paid / (deferred + audited)
    audits = next((found.audits for found in watch.detectors if not found.cell), 0)
    days = Decimal((watch.told - watch.began) / _DAY)
    return f"{(audits - watch.audits) * cost_per_answer / days:.4f}"


def _money(amount: Decimal) -> str:
    return f"{amount:.6f}"
