"""Folds the decisions into the status of the router."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tracer_core.contracts.policy import PolicyDocument
from tracer_core.stats.sequential.confidence_sequence import agreement_interval
from tracer_router.api import (
    Agreement,
    AuditStatus,
    Condition,
    History,
    Percent,
    Phase,
    RevisionPhase,
    RevisionTotals,
    SavingsStatus,
    TraceCounts,
    TracerRevision,
    TracerRouter,
    TracerRouterStatus,
    Weight,
)
from tracer_router.planning.attempts.retraining import rows_needed
from tracer_router.planning.attempts.training import labelled_rows
from tracer_router.planning.evidence.evidence import add_up, total
from tracer_router.planning.objects.children import beyond_history
from tracer_router.planning.rollout.auditing import live_rate
from tracer_router.planning.rollout.promotion_criteria import current_weight
from tracer_router.planning.rollout.traffic_split import observed_share
from tracer_router.planning.state.commands import COMMAND_PREFIX, handled_ids
from tracer_router.planning.state.observed import Observed
from tracer_router.planning.state.roles import RevisionRoles, assign_roles
from tracer_router.planning.status.conditions import assess_conditions, set_conditions
from tracer_router.savings.meter import MeasuredSavings, measure_savings
from tracer_router.savings.pods import PodCostMeter, PodPrices

__all__ = ["StatusInputs", "build_status", "fold_history"]

_DAY = timedelta(days=1)
_KEPT_IDS = 100
_TRYING = {RevisionPhase.SHADOW, RevisionPhase.CANARY, RevisionPhase.LIVE}


@dataclass(frozen=True, slots=True)
class StatusInputs:
    """What the judging of revisions and requests left to be told."""

    missing: str
    """What is missing for the next step."""
    refused: tuple[str, ...] = ()
    """Ids of requests that will never be done."""


def build_status(
    observed: Observed,
    revisions: tuple[TracerRevision, ...],
    policy: PolicyDocument,
    found: StatusInputs,
    prices: PodPrices,
    now: datetime,
) -> TracerRouterStatus:
    """Give the router's whole status."""
    router, roles = observed.router, assign_roles(revisions)
    history = fold_history(observed, revisions)
    counts = _all_counts(history, revisions)
    meter = _pods_meter(observed, prices, now)
    savings = measure_savings([counts], meter.cost)
    shown = _shown(revisions, roles)
    conditions = assess_conditions(observed, revisions, roles, found.missing, now)
    return TracerRouterStatus(
        observed_generation=router.metadata.generation or -1,
        phase=_phase(observed, roles),
        conditions=_ordered(
            set_conditions(
                router.status.conditions, conditions, router.metadata.generation, now
            )
        ),
        stable=roles.stable,
        candidate=roles.candidate.spec.revision if roles.candidate else None,
        weight=_weight(observed, revisions, roles),
        policy_generation=policy.generation,
        coverage=_coverage(shown),
        agreement=_agreement(shown),
        traces=TraceCounts(
            captured=counts.traces_written,
            dropped=counts.traces_dropped,
            labelled=labelled_rows(revisions, router.status.history),
            needed=rows_needed(router, revisions),
        ),
        next=found.missing or None,
        saved=str(savings),
        savings=_savings(savings, meter, metered=bool(prices)),
        attempts=sum(each.spec.attempt is not None for each in revisions),
        barred=_blocked(router.status.barred, revisions),
        audit=_audit(router, revisions, roles),
        handled=_handled(router, revisions, found.refused),
        history=history,
    )


def _pods_meter(observed: Observed, prices: PodPrices, now: datetime) -> PodCostMeter:
    before = observed.router.status.savings
    if before is None or before.pods_until is None or not prices:
        cost = Decimal(before.pods) if before else Decimal(0)
        return PodCostMeter(cost, now)
    meter = PodCostMeter(Decimal(before.pods), before.pods_until)
    return meter.update((pod.reserved for pod in observed.pods), prices, now)


def _savings(
    found: MeasuredSavings, meter: PodCostMeter, *, metered: bool
) -> SavingsStatus | None:
    """Give the meter; nothing while there is nothing to be said."""
    told = (found.avoided, found.paid, found.cached, found.embeddings)
    if not (metered or any(told)):
        return None
    return SavingsStatus(
        saved=_money(found.saved),
        low=None if found.low is None else _money(found.low),
        high=None if found.high is None else _money(found.high),
        avoided=_money(found.avoided),
        paid=_money(found.paid),
        audits=_money(found.audits),
        cached=_money(found.cached),
        embeddings=_money(found.embeddings),
        pods=f"{meter.cost:f}",
        pods_until=meter.until if metered else None,
    )


def _money(amount: Decimal) -> str:
    return f"{amount:.6f}"


def fold_history(observed: Observed, revisions: tuple[TracerRevision, ...]) -> History:
    """Give the history with the counts of revisions that are about to be deleted.

    Their numbers stand beside the sum until they are gone, so that none is added twice
    and none is deleted before it was added, wherever one stops in between.
    """
    before = observed.router.status.history
    present = {each.spec.revision for each in revisions}
    known = [number for number in before.revisions if number in present]
    leaving = [
        each
        for each in beyond_history(observed, revisions)
        if each.spec.revision not in known
    ]
    added = (total(each.status.evidence) for each in leaving)
    return History(
        counts=add_up([before.counts, *added]) if leaving else before.counts,
        revisions=(*known, *(each.spec.revision for each in leaving)),
    )


def _all_counts(
    history: History, revisions: tuple[TracerRevision, ...]
) -> RevisionTotals:
    kept = (e for e in revisions if e.spec.revision not in set(history.revisions))
    return add_up([history.counts, *(total(each.status.evidence) for each in kept)])


def _handled(
    router: TracerRouter,
    revisions: tuple[TracerRevision, ...],
    refused: tuple[str, ...],
) -> tuple[str, ...]:
    """Give the ids that are answered, as long as somebody still asks."""
    asked = {
        name.removeprefix(COMMAND_PREFIX)
        for name in router.metadata.annotations
        if name.startswith(COMMAND_PREFIX)
    }
    answered = handled_ids(router, revisions) | set(refused)
    return tuple(sorted(asked & answered))[-_KEPT_IDS:]


def _audit(
    router: TracerRouter,
    revisions: tuple[TracerRevision, ...],
    roles: RevisionRoles,
) -> AuditStatus | None:
    live = next((e for e in revisions if e.spec.revision == roles.stable), None)
    if live is None or live.status.phase is not RevisionPhase.LIVE:
        return None
    watch = live.status.drift
    chosen = live_rate(router, live, watch.told if watch else None)
    return AuditStatus(
        rate=str(Percent.from_fraction(chosen.rate)),
        reason=chosen.reason,
        cost_per_day=_audit_cost(live),
    )


def _audit_cost(live: TracerRevision) -> str | None:
    """Give what a day of audits costs at the traffic since the revision went live."""
    watch, counts = live.status.drift, total(live.status.evidence)
    if watch is None or watch.told - watch.began < _DAY / 48:
        return None
    asked = sum(each.requests - each.answered for each in counts.tasks)
    audits = sum(each.audits_admitted for each in counts.tasks)
    paid = sum((Decimal(each.cost_teacher) for each in counts.tasks), Decimal(0))
    if not asked + audits or not paid:
        return None
    whole = next((each.audits for each in watch.detectors if not each.cell), 0)
    days = Decimal((watch.told - watch.began) / _DAY)
    each = paid / (asked + audits)
    return f"{(whole - watch.audits) * each / days:.4f}"


def _shown(
    revisions: tuple[TracerRevision, ...], roles: RevisionRoles
) -> TracerRevision | None:
    """Give the revision that clients hear: the live one, a candidate before the first.

    A later candidate has no audits for a while, and the live one's are not its own.
    """
    live = [each for each in revisions if each.spec.revision == roles.stable]
    return live[0] if live and roles.stable else roles.candidate


def _phase(observed: Observed, roles: RevisionRoles) -> Phase:
    if observed.router.spec.suspend:
        return Phase.SUSPENDED
    if roles.candidate is not None:
        shadow = roles.candidate.status.phase is RevisionPhase.SHADOW
        return Phase.SHADOW if shadow else Phase.CANARY
    if roles.stable:
        return Phase.LIVE
    return Phase.TRAINING if roles.training is not None else Phase.COLLECTING


def _ordered(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    return tuple(sorted(conditions, key=lambda each: each.type))


def _weight(
    observed: Observed, revisions: tuple[TracerRevision, ...], roles: RevisionRoles
) -> Weight | None:
    if roles.candidate is None:
        return None
    share = observed_share(roles.candidate, revisions)
    return Weight(
        asked=current_weight(observed.router, roles.candidate),
        observed=None if share is None else round(share * 100),
    )


def _certified_counts(revision: TracerRevision) -> RevisionTotals:
    names = {task.fingerprint for task in revision.status.tasks}
    counts = total(revision.status.evidence)
    tasks = tuple(each for each in counts.tasks if each.task in names)
    return counts.model_copy(update={"tasks": tasks})


def _coverage(revision: TracerRevision | None) -> str | None:
    if revision is None or not revision.status.tasks:
        return None
    counts = total(revision.status.evidence)
    if counts.requests:
        return str(Percent.from_fraction(counts.surrogate / counts.requests))
    return str(revision.status.tasks[0].certificate.coverage)


def _agreement(revision: TracerRevision | None) -> Agreement | None:
    if revision is None:
        return None
    tasks = _certified_counts(revision).tasks
    agreed = sum(each.audits_agreed for each in tasks)
    disagreed = sum(each.audits_disagreed for each in tasks)
    if agreed + disagreed == 0:
        return None
    low, high = agreement_interval(agreed, disagreed)
    return Agreement(
        estimate=Percent.from_fraction(agreed / (agreed + disagreed)),
        low=Percent.from_fraction(low),
        high=Percent.from_fraction(high),
        n=agreed + disagreed,
    )


def _blocked(
    before: tuple[str, ...], revisions: tuple[TracerRevision, ...]
) -> tuple[str, ...]:
    fallen, trying = set(before), set()
    for each in revisions:
        if each.status.bundle is None:
            continue
        if each.status.phase is RevisionPhase.ROLLED_BACK:
            fallen.add(each.status.bundle.digest)
        elif each.status.phase in _TRYING:
            trying.add(each.status.bundle.digest)
    return tuple(sorted(fallen - trying))
