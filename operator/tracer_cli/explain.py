"""Status to sentences: why a router is where it is, and what is missing."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from tracer_router.api import (
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
from tracer_router.planning.evidence.evidence import total
from tracer_router.planning.rollout.promotion_criteria import assess_revision

__all__ = ["explain", "list_revisions", "tabulate"]

_COLUMNS = (
    "NAME",
    "READY",
    "PHASE",
    "COVERAGE",
    "AGREEMENT",
    "WEIGHT",
    "SAVED",
    "NEXT",
)


_TELLING, _SHOWN_CELLS, _TWO_HOURS = 10, 3, 120
_ROLLING = frozenset({RevisionPhase.SHADOW, RevisionPhase.CANARY})

_REVISION_COLUMNS = (
    "REVISION",
    "PHASE",
    "SINCE",
    "COVERAGE",
    "AGREED",
    "CLOSED",
    "REASON",
)


def tabulate(routers: Sequence[TracerRouter]) -> str:
    """Give routers as a table, one a line."""
    return _table([_COLUMNS, *(_row(each) for each in routers)])


def list_revisions(revisions: Iterable[TracerRevision]) -> str:
    """Give revisions as a table, the newest first."""
    newest = sorted(revisions, key=lambda one: -one.spec.revision)
    return _table([_REVISION_COLUMNS, *map(_revision_row, newest)])


def explain(
    router: TracerRouter, revisions: Iterable[TracerRevision], now: datetime
) -> str:
    """Give a router's story: conditions, traces, every revision, what is next."""
    status, revisions = router.status, tuple(revisions)
    lines = [f"{router.metadata.name}: {status.phase or 'not reconciled yet'}"]
    lines += [f"  {line}" for line in _conditions(router)]
    if status.traces is not None:
        traces = status.traces
        lines.append(
            f"  traces: {traces.captured} captured, {traces.labelled} labelled, "
            f"{traces.needed} needed for the next attempt"
        )
    if status.audit is not None:
        cost = (
            f", {status.audit.cost_per_day} a day" if status.audit.cost_per_day else ""
        )
        lines.append(f"  audits: {status.audit.rate} ({status.audit.reason}){cost}")
    if status.saved:
        lines.append(f"  saved: {status.saved}{_savings_suffix(status.savings)}")
    for revision in sorted(revisions, key=lambda each: each.spec.revision):
        lines += [f"  {line}" for line in _revision(router, revision)]
    lines.append(f"  next: {status.next or 'nothing is missing'}")
    lines += [f"    {line}" for line in _expected(router, revisions, now)]
    return "\n".join(lines)


def _savings_suffix(savings: SavingsStatus | None) -> str:
    """Say what the cache avoided: it is not the surrogate's saving."""
    if savings is None or not Decimal(savings.cached):
        return ""
    return f"; beside it the cache avoided ${Decimal(savings.cached):.2f}"


def _expected(
    router: TracerRouter, revisions: Iterable[TracerRevision], now: datetime
) -> list[str]:
    """Say how long the audits that are missing take; status has no moving clock."""
    rolling = [each for each in revisions if each.status.phase in _ROLLING]
    if not rolling:
        return []
    candidate = rolling[-1]
    needed = assess_revision(router, candidate).audits_needed
    since = candidate.status.traffic_since
    fresh = audit_totals(candidate).since(audit_totals_before(candidate)).total
    if not needed or since is None or fresh < _TELLING:
        return []
    left = (now - since) * (needed / fresh)
    rate = "the rate since its traffic began"
    return [f"expected: about {needed} more audits, {_format_duration(left)} at {rate}"]


def _format_duration(span: timedelta) -> str:
    minutes = max(1, round(span / timedelta(minutes=1)))
    return f"{minutes} min" if minutes < _TWO_HOURS else f"{round(minutes / 60)} h"


def _weakest_cells(revision: TracerRevision) -> list[str]:
    """Give the cells that agreed least, of those that say anything yet."""
    known = [
        (audits.agreed / audits.total, cell, audits)
        for cell, audits in cell_totals(revision).items()
        if audits.total >= _TELLING and audits.agreed < audits.total
    ]
    return [
        f"cell {cell!r}: {audits.agreed} of {audits.total} audits agreed"
        for _, cell, audits in sorted(known)[:_SHOWN_CELLS]
    ]


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def _revision_row(revision: TracerRevision) -> tuple[str, ...]:
    status, audits = revision.status, audit_totals(revision)
    held = status.tasks[0].certificate if status.tasks else None
    since = status.step_since
    cells = (
        revision.spec.revision,
        status.phase,
        since.isoformat(timespec="minutes").replace("+00:00", "Z") if since else None,
        held.coverage if held else None,
        f"{audits.agreed}/{audits.total}" if audits.total else None,
        ",".join(each.cell for each in status.closed) or None,
        status.reason,
    )
    return tuple("-" if cell is None else str(cell) for cell in cells)


def _row(router: TracerRouter) -> tuple[str, ...]:
    status = router.status
    ready = next((each for each in status.conditions if each.type == "Ready"), None)
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
        _condition(each, router.status.next)
        for each in router.status.conditions
        if each.type != "Stalled" or each.status is ConditionStatus.TRUE
    ]


def _condition(condition: Condition, following: str | None) -> str:
    """Give a condition; what is said as `next` is not said here as well."""
    head = f"{condition.type}={condition.status.value} ({condition.reason})"
    return head if condition.message == following else f"{head}: {condition.message}"


def _revision(router: TracerRouter, revision: TracerRevision) -> list[str]:
    status = revision.status
    lines = [f"revision {revision.spec.revision}: {status.phase}"]
    if status.reason:
        lines.append(f"  why: {status.reason}")
    lines += [f"  cell {e.cell!r} is closed: {e.reason}" for e in status.closed]
    lines += [f"  {line}" for line in _weakest_cells(revision)]
    for task in status.tasks:
        held = task.certificate
        lines.append(
            f"  certificate: agreement >= {held.target} at confidence "
            f"{held.confidence}; attempt {held.attempt} at level {held.level}; "
            f"k = {held.k} of n = {held.n}, {held.m} missing; covers {held.coverage}"
        )
    lines += [f"  {line}" for line in _requests(revision)]
    judged = {RevisionPhase.SHADOW, RevisionPhase.CANARY, RevisionPhase.LIVE}
    if status.phase in judged:
        seen = assess_revision(router, revision)
        told = seen.reason in (router.status.next or "")
        lines.append(
            f"  evidence: {'' if told else f'{seen.reason}; '}"
            f"promotion {seen.promotion_e:.3g} of "
            f"{seen.promotion_bound:.3g} (error level {seen.level:.2g}), rollback "
            f"{seen.rollback_e:.3g} of {seen.rollback_bound:.3g}"
        )
        lines += [f"  {line}" for line in _guards(revision)]
    return lines


def _requests(revision: TracerRevision) -> list[str]:
    """Say what became of the requests of its pods, those that are gone included."""
    counts = total(revision.status.evidence)
    fates = (
        (counts.surrogate, "answered by the surrogate"),
        (counts.teacher, "by the teacher"),
        (counts.cached, "from the cache"),
        (counts.refused, "refused"),
        (counts.failed, "failed with an error of ours"),
    )
    told = [f"{number} {fate}" for number, fate in fates if number]
    lines = [f"requests: {counts.requests} taken; {', '.join(told)}"] if told else []
    if counts.diverted:
        lines.append(f"handed over to a candidate besides: {counts.diverted} requests")
    return lines


def _guards(revision: TracerRevision) -> list[str]:
    """Say how far each guard is; one that nothing was counted for says nothing."""
    return [
        f"guard: {guard.text}: {met.times} in {met.questions} questions, "
        f"{guard.allowed:.1%} allowed"
        for guard, met in guard_counts(revision).items()
        if met.questions
    ]
