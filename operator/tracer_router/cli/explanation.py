"""Status to sentences: why a router is where it is, and what is missing."""

from collections.abc import Iterable, Sequence

from tracer_router.api import (
    ConditionStatus,
    RevisionPhase,
    TracerRevision,
    TracerRouter,
)
from tracer_router.planning.rollout import assess_revision

__all__ = ["explain", "tabulate"]

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


def tabulate(routers: Sequence[TracerRouter]) -> str:
    """Give routers as a table, one a line."""
    rows = [_COLUMNS, *(_row(each) for each in routers)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def explain(router: TracerRouter, revisions: Iterable[TracerRevision]) -> str:
    """Give a router's story: conditions, traces, every revision, what is next."""
    status = router.status
    lines = [f"{router.metadata.name}: {status.phase or 'not reconciled yet'}"]
    lines += [f"  {line}" for line in _conditions(router)]
    if status.traces is not None:
        traces = status.traces
        lines.append(
            f"  traces: {traces.captured} captured, {traces.labelled} labelled, "
            f"{traces.needed} needed for the next attempt"
        )
    if status.saved:
        lines.append(f"  saved: {status.saved}")
    for revision in sorted(revisions, key=lambda each: each.spec.revision):
        lines += [f"  {line}" for line in _revision(router, revision)]
    lines.append(f"  next: {status.next or 'nothing is missing'}")
    return "\n".join(lines)


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
        f"{each.type}={each.status.value} ({each.reason}): {each.message}"
        for each in router.status.conditions
        if each.type != "Stalled" or each.status is ConditionStatus.TRUE
    ]


def _revision(router: TracerRouter, revision: TracerRevision) -> list[str]:
    status = revision.status
    lines = [f"revision {revision.spec.revision}: {status.phase}"]
    if status.reason:
        lines.append(f"  why: {status.reason}")
    for task in status.tasks:
        held = task.certificate
        lines.append(
            f"  certificate: agreement >= {held.target} at confidence "
            f"{held.confidence}; attempt {held.attempt} at level {held.level}; "
            f"k = {held.k} of n = {held.n}, {held.m} missing; covers {held.coverage}"
        )
    if status.phase in {RevisionPhase.CANARY, RevisionPhase.LIVE}:
        seen = assess_revision(router, revision)
        lines.append(
            f"  evidence: {seen.reason}; promotion {seen.promotion_e:.3g} of "
            f"{seen.promotion_bound:.3g}, rollback {seen.rollback_e:.3g} of "
            f"{seen.rollback_bound:.3g}"
        )
    return lines
