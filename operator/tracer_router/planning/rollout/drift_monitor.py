"""The watch over a live revision: drift as a whole and by cell, and its cells."""

import math
from datetime import datetime, timedelta

from tracer_core.contracts.evidence import MAX_CELLS, OTHER_CELLS
from tracer_core.stats.sequential.cells import cell_bound, find_cells_below
from tracer_core.stats.sequential.drift import (
    DetectorBatch,
    DriftDetector,
    drift_threshold,
)
from tracer_core.stats.sequential.verdict import AuditCounts
from tracer_router.api import (
    ClosedCell,
    Detector,
    DriftWatch,
    TracerRevision,
    TracerRouter,
)
from tracer_router.planning.evidence.audit_totals import audit_totals, cell_totals
from tracer_router.planning.evidence.evidence import total
from tracer_router.planning.rollout.attribution import advance_marks, repeat_mark
from tracer_router.planning.rollout.promotion_criteria import parity_aim
from tracer_router.planning.rollout.transitions import set_status

__all__ = [
    "RUN_TIME",
    "close_cells",
    "detector_threshold",
    "drift_alarms",
    "update_drift",
]

RUN_TIME = timedelta(days=90)
"""Time in which one false alarm is expected of a whole router at most."""

_BATCH_TIME = timedelta(minutes=1)
_LEAST_AUDITS = 2_000.0
"""Audits that are reckoned with in `RUN_TIME` at least: a young rate is no rate."""
_FAMILIES = 2
"""The whole is one set of detectors, the cells together are another."""


def update_drift(
    router: TracerRouter, revision: TracerRevision, now: datetime
) -> TracerRevision:
    """Give a live revision whose detectors know what was audited since the last batch.

    A batch ends by the clock, never because of what it says; until it ends nothing is
    told, so that looking often is not looking more.
    """
    counts = _by_cell(revision)
    whole = counts[""]
    watch = revision.status.drift
    if watch is None:
        begun = tuple(
            _drift_event(cell, DriftDetector(), found) for cell, found in counts.items()
        )
        fresh = DriftWatch(
            began=now,
            audits=whole.total,
            answered=sum(e.answered for e in total(revision.status.evidence).tasks),
            told=now,
            detectors=begun,
            older=repeat_mark(revision),
            newer=repeat_mark(revision),
        )
        return set_status(revision, drift=fresh)
    known = {each.cell: each for each in watch.detectors}
    waiting = whole.total - known[""].audits if "" in known else whole.total
    if waiting <= 0 or now - watch.told < _BATCH_TIME:
        return revision
    told = tuple(
        _drift_message(
            known.get(cell, Detector(cell=cell)), audits, parity_aim(router).target
        )
        for cell, audits in counts.items()
    )
    marks = advance_marks(watch, repeat_mark(revision))
    moved = watch.model_copy(update={"told": now, "detectors": told, **marks})
    return set_status(revision, drift=moved)


def drift_alarms(revision: TracerRevision) -> tuple[str, ...]:
    """Give the cells whose detector has alarmed; the empty name is the whole."""
    watch = revision.status.drift
    if watch is None:
        return ()
    bound = math.log(detector_threshold(watch))
    return tuple(
        each.cell for each in watch.detectors if _drift(each).log_value >= bound
    )


def detector_threshold(watch: DriftWatch) -> float:
    """Give the threshold of every detector from the audits expected in `RUN_TIME`."""
    whole = next((each for each in watch.detectors if not each.cell), Detector(cell=""))
    elapsed = max(watch.told - watch.began, _BATCH_TIME)
    expected = (whole.audits - watch.audits) * (RUN_TIME / elapsed)
    return drift_threshold(max(expected, _LEAST_AUDITS), _FAMILIES)


def close_cells(
    router: TracerRouter, revision: TracerRevision, alarms: tuple[str, ...]
) -> TracerRevision:
    """Give a live revision whose bad cells are given back to the teacher."""
    cells = cell_totals(revision)
    closed = {each.cell for each in revision.status.closed}
    aim = parity_aim(router)
    # As many as there can be, not as have been seen: the share of each is fixed before.
    bound = math.log(cell_bound(1 - aim.confidence, MAX_CELLS))
    tested = {
        cell: (audits.disagreed, audits.total)
        for cell, audits in cells.items()
        if cell not in closed and cell != OTHER_CELLS
    }
    below = find_cells_below(tested, aim.target, bound)
    found = [
        ClosedCell(cell=cell, reason=f"below {aim.target:.4g}: {_figures(cells[cell])}")
        for cell in below
    ]
    found += [
        ClosedCell(cell=cell, reason=f"drifted: {_figures(cells[cell])}", weakens=True)
        for cell in alarms
        if cell in tested and cell not in below
    ]
    if not found:
        return revision
    return set_status(
        revision,
        closed=(*revision.status.closed, *found),
        drifted=revision.status.drifted or any(each.weakens for each in found),
    )


def _by_cell(revision: TracerRevision) -> dict[str, AuditCounts]:
    return {"": audit_totals(revision), **dict(sorted(cell_totals(revision).items()))}


def _drift_message(known: Detector, audits: AuditCounts, target: float) -> Detector:
    total = max(0, audits.total - known.audits)
    disagreed = min(total, max(0, audits.disagreed - known.disagreed))
    stretch = DetectorBatch.batch(disagreed, total, target)
    return _drift_event(known.cell, _drift(known).after(stretch), audits)


def _drift_event(cell: str, drift: DriftDetector, audits: AuditCounts) -> Detector:
    logs = ",".join(f"{log:.6g}" for log in drift.logs)
    return Detector(
        cell=cell, logs=logs, audits=audits.total, disagreed=audits.disagreed
    )


def _drift(detector: Detector) -> DriftDetector:
    if not detector.logs:
        return DriftDetector()
    return DriftDetector(tuple(float(each) for each in detector.logs.split(",")))


def _figures(audits: AuditCounts) -> str:
    return f"{audits.agreed} of {audits.total} audits agreed"
