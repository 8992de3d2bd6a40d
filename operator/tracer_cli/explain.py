"""Status as text: the state of a router, the reason for it, and what is missing."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from tracer_cli.output import Table
from tracer_router.api import (
    CertificateStatus,
    Condition,
    ConditionStatus,
    RevisionPhase,
    SavingsStatus,
    TracerRevision,
    TracerRouter,
)
from tracer_router.planning.evidence.audit_totals import (
    audit_totals,
    audit_totals_before,
    cell_totals,
    guard_counts,
)
from tracer_router.planning.evidence.evidence import revision_total
from tracer_router.planning.rollout.promotion_criteria import assess_revision

__all__ = ["explain_router", "tabulate_revisions", "tabulate_routers"]

_ROUTER_COLUMNS: Final = (
    "NAME",
    "READY",
    "PHASE",
    "COVERAGE",
    "AGREEMENT",
    "WEIGHT",
    "SAVED",
    "NEXT",
)
_REVISION_COLUMNS: Final = (
    "REVISION",
    "PHASE",
    "SINCE",
    "COVERAGE",
    "AGREED",
    "CLOSED",
    "REASON",
)
_MIN_AUDITS: Final = 10
"""Audits below which no rate is shown."""
_MAX_CELLS: Final = 3
_MAX_MINUTES: Final = 120
"""Minutes from which a duration is shown in hours."""
_ROLLING: Final = frozenset({RevisionPhase.SHADOW, RevisionPhase.CANARY})
_ASSESSED: Final = _ROLLING | {RevisionPhase.LIVE}


def tabulate_routers(routers: Sequence[TracerRouter]) -> Table:
    """Return routers as a table, one per row."""
    return Table(_ROUTER_COLUMNS, tuple(map(_router_row, routers)))


def tabulate_revisions(revisions: Iterable[TracerRevision]) -> Table:
    """Return revisions as a table, the newest first."""
    newest = sorted(revisions, key=lambda revision: -revision.spec.revision)
    return Table(_REVISION_COLUMNS, tuple(map(_revision_row, newest)))


def explain_router(
    router: TracerRouter, revisions: Iterable[TracerRevision], now: datetime
) -> list[str]:
    """Return conditions, traces, revisions, and the next step as indented lines."""
    status = router.status
    ordered = sorted(revisions, key=lambda revision: revision.spec.revision)
    lines = [f"{router.metadata.name}: {status.phase or 'not reconciled yet'}"]
    lines += _indent(_conditions(router))
    lines += _indent(_totals(router))
    for revision in ordered:
        lines += _indent(_revision(router, revision))
    lines.append(f"  next: {status.next or 'nothing is missing'}")
    return [*lines, *_indent(_indent(_expected_time(router, ordered, now)))]


def _indent(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _totals(router: TracerRouter) -> list[str]:
    status, lines = router.status, []
    if status.traces is not None:
        traces = status.traces
        lines.append(
            f"traces: {traces.captured} captured, {traces.labelled} labelled, "
            f"{traces.needed} needed for the next attempt"
        )
    if status.audit is not None:
        cost = status.audit.cost_per_day
        per_day = f", {cost} per day" if cost else ""
        lines.append(f"audits: {status.audit.rate} ({status.audit.reason}){per_day}")
    if status.saved:
        lines.append(f"saved: {status.saved}{_cache_savings(status.savings)}")
    return lines


def _cache_savings(savings: SavingsStatus | None) -> str:
    """Return what the cache saved, which is not a saving of the surrogate."""
    if savings is None or not Decimal(savings.cached):
        return ""
    return f"; the cache additionally avoided ${Decimal(savings.cached):.2f}"


def _expected_time(
    router: TracerRouter, revisions: Sequence[TracerRevision], now: datetime
) -> list[str]:
    """Return how long the missing audits take.

    The status does not contain this value: it changes with the clock alone.
    """
    rolling = [revision for revision in revisions if revision.status.phase in _ROLLING]
    if not rolling:
        return []
    candidate = rolling[-1]
    needed = assess_revision(router, candidate).audits_needed
    since = candidate.status.traffic_since
    audited = audit_totals(candidate).since(audit_totals_before(candidate)).total
    if not needed or since is None or audited < _MIN_AUDITS:
        return []
    left = _format_duration((now - since) * (needed / audited))
    rate = "the rate since its traffic began"
    return [f"expected: about {needed} more audits, {left} at {rate}"]


def _format_duration(span: timedelta) -> str:
    minutes = max(1, round(span / timedelta(minutes=1)))
    if minutes < _MAX_MINUTES:
        return f"{minutes} min"
    return f"{round(minutes / 60)} h"


def _weakest_cells(revision: TracerRevision) -> list[str]:
    """Return the cells with the lowest agreement, of those with enough audits."""
    weak = [
        (audits.agreed / audits.total, cell, audits)
        for cell, audits in cell_totals(revision).items()
        if audits.total >= _MIN_AUDITS and audits.agreed < audits.total
    ]
    return [
        f"cell {cell!r}: {audits.agreed} of {audits.total} audits agreed"
        for _, cell, audits in sorted(weak)[:_MAX_CELLS]
    ]


def _revision_row(revision: TracerRevision) -> tuple[str, ...]:
    status, audits = revision.status, audit_totals(revision)
    certificate = status.tasks[0].certificate if status.tasks else None
    since = status.step_since
    cells = (
        revision.spec.revision,
        status.phase,
        since.isoformat(timespec="minutes").replace("+00:00", "Z") if since else None,
        certificate.coverage if certificate else None,
        f"{audits.agreed}/{audits.total}" if audits.total else None,
        ",".join(closed.cell for closed in status.closed) or None,
        status.reason,
    )
    return tuple("-" if cell is None else str(cell) for cell in cells)


def _router_row(router: TracerRouter) -> tuple[str, ...]:
    status = router.status
    ready = next(
        (condition for condition in status.conditions if condition.type == "Ready"),
        None,
    )
    weight = status.weight.asked if status.weight else None
    cells = (
        router.metadata.name,
        ready.status.value if ready else None,
        status.phase,
        status.coverage,
        status.agreement.estimate if status.agreement else None,
        None if weight is None else f"{weight}%",
        status.saved,
        status.next,
    )
    return tuple("-" if cell is None else str(cell) for cell in cells)


def _conditions(router: TracerRouter) -> list[str]:
    return [
        _condition(condition, router.status.next)
        for condition in router.status.conditions
        if condition.type != "Stalled" or condition.status is ConditionStatus.TRUE
    ]


def _condition(condition: Condition, next_step: str | None) -> str:
    """Return a condition, without its message if `next` repeats it."""
    head = f"{condition.type}={condition.status.value} ({condition.reason})"
    return head if condition.message == next_step else f"{head}: {condition.message}"


def _revision(router: TracerRouter, revision: TracerRevision) -> list[str]:
    status = revision.status
    lines = [f"reason: {status.reason}"] if status.reason else []
    lines += [f"cell {cell.cell!r} is closed: {cell.reason}" for cell in status.closed]
    lines += _weakest_cells(revision)
    lines += [_certificate(task.certificate) for task in status.tasks]
    lines += _requests(revision)
    if status.phase in _ASSESSED:
        lines += [_evidence(router, revision), *_guards(revision)]
    return [f"revision {revision.spec.revision}: {status.phase}", *_indent(lines)]


def _certificate(certificate: CertificateStatus) -> str:
    return (
        f"certificate: agreement >= {certificate.target} at confidence "
        f"{certificate.confidence}; attempt {certificate.attempt} at level "
        f"{certificate.level}; k = {certificate.k} of n = {certificate.n}, "
        f"{certificate.m} missing; coverage {certificate.coverage}"
    )


def _evidence(router: TracerRouter, revision: TracerRevision) -> str:
    """Return the e-values, and the reason if `next` does not contain it."""
    gate = assess_revision(router, revision)
    reason = "" if gate.reason in (router.status.next or "") else f"{gate.reason}; "
    return (
        f"evidence: {reason}promotion {gate.promotion_e:.3g} of "
        f"{gate.promotion_bound:.3g} (error level {gate.level:.2g}), rollback "
        f"{gate.rollback_e:.3g} of {gate.rollback_bound:.3g}"
    )


def _requests(revision: TracerRevision) -> list[str]:
    """Return the outcomes of the requests of all pods, including deleted pods."""
    counts = revision_total(revision.status.evidence)
    outcomes = (
        (counts.surrogate, "answered by the surrogate"),
        (counts.teacher, "by the teacher"),
        (counts.cached, "from the cache"),
        (counts.refused, "refused"),
        (counts.failed, "failed with an internal error"),
    )
    parts = [f"{number} {outcome}" for number, outcome in outcomes if number]
    lines = (
        [f"requests: {counts.requests} received; {', '.join(parts)}"] if parts else []
    )
    if counts.diverted:
        lines.append(
            f"forwarded to a candidate in addition: {counts.diverted} requests"
        )
    return lines


def _guards(revision: TracerRevision) -> list[str]:
    """Return the count and the limit of each guard with at least one question."""
    return [
        f"guard: {guard.text}: {count.times} of {count.questions}, limit"
        f" {guard.allowed:.1%}"
        for guard, count in guard_counts(revision).items()
        if count.questions
    ]
