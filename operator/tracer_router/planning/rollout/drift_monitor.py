"""Drift detection on a live revision, as a whole and by cell, and closing of cells."""

import math
from datetime import datetime, timedelta

from tracer_core.contracts.evidence import MAX_CELLS, OTHER_CELLS
from tracer_core.stats.sequential.cells import cell_bound, find_cells_below
from tracer_core.stats.sequential.drift_detector import (
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
from tracer_router.planning.evidence.evidence import revision_total
from tracer_router.planning.rollout.attribution import advance_marks, repeat_mark
from tracer_router.planning.rollout.promotion_criteria import parity_aim
from tracer_router.planning.rollout.transitions import set_status

__all__ = [
    "FALSE_ALARM_INTERVAL",
    "close_cells",
    "detector_threshold",
    "drift_alarms",
    "update_drift",
]

FALSE_ALARM_INTERVAL = timedelta(days=90)
"""Period in which at most one false alarm of a whole router is expected."""

_BATCH_INTERVAL = timedelta(minutes=1)
_MIN_EXPECTED_AUDITS = 2_000.0
"""Lower bound of the audits expected in `FALSE_ALARM_INTERVAL`: the rate of the first
minutes is not a reliable estimate."""
_FAMILIES = 2
"""Families of detectors that share the false alarms: the whole revision, and its
cells together."""


def update_drift(
    router: TracerRouter, revision: TracerRevision, now: datetime
) -> TracerRevision:
    """Return a live revision whose detectors include the audits since the last batch.

    A batch ends by the clock, never because of its content. The detectors do not change
    before it ends, so that frequent reconciles are not additional tests.
    """
    counts = _counts_by_cell(revision)
    whole = counts[""]
    watch = revision.status.drift
    if watch is None:
        return set_status(revision, drift=_begin_watch(revision, counts, now))
    known = {detector.cell: detector for detector in watch.detectors}
    waiting = whole.total - known[""].audits if "" in known else whole.total
    if waiting <= 0 or now - watch.told < _BATCH_INTERVAL:
        return revision
    target = parity_aim(router).target
    detectors = tuple(
        _update_detector(known.get(cell, Detector(cell=cell)), audits, target)
        for cell, audits in counts.items()
    )
    marks = advance_marks(watch, repeat_mark(revision))
    updated = watch.model_copy(update={"told": now, "detectors": detectors, **marks})
    return set_status(revision, drift=updated)


def drift_alarms(revision: TracerRevision) -> tuple[str, ...]:
    """Return the cells whose detector has alarmed; "" is the whole revision."""
    watch = revision.status.drift
    if watch is None:
        return ()
    bound = math.log(detector_threshold(watch))
    return tuple(
        detector.cell
        for detector in watch.detectors
        if _load_detector(detector).log_value >= bound
    )


def detector_threshold(watch: DriftWatch) -> float:
    """Return the threshold of every detector.

    It follows from the audits expected in `FALSE_ALARM_INTERVAL`.
    """
    audits = next((found.audits for found in watch.detectors if not found.cell), 0)
    elapsed = max(watch.told - watch.began, _BATCH_INTERVAL)
    expected = (audits - watch.audits) * (FALSE_ALARM_INTERVAL / elapsed)
    return drift_threshold(max(expected, _MIN_EXPECTED_AUDITS), _FAMILIES)


def close_cells(
    router: TracerRouter, revision: TracerRevision, alarms: tuple[str, ...]
) -> TracerRevision:
    """Return a live revision whose failed cells are returned to the teacher.

    Args:
        router: The router.
        revision: The live revision.
        alarms: The cells whose drift detector has alarmed.
    """
    cells = cell_totals(revision)
    closed = {cell.cell for cell in revision.status.closed}
    aim = parity_aim(router)
    # The maximum number of cells, not the observed one: the error level of each cell
    # must be fixed in advance.
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
        drifted=revision.status.drifted or any(cell.weakens for cell in found),
    )


def _begin_watch(
    revision: TracerRevision, counts: dict[str, AuditCounts], now: datetime
) -> DriftWatch:
    answered = sum(
        task.answered for task in revision_total(revision.status.evidence).tasks
    )
    mark = repeat_mark(revision)
    return DriftWatch(
        began=now,
        audits=counts[""].total,
        answered=answered,
        told=now,
        detectors=tuple(
            _store_detector(cell, DriftDetector(), audits)
            for cell, audits in counts.items()
        ),
        older=mark,
        newer=mark,
    )


def _counts_by_cell(revision: TracerRevision) -> dict[str, AuditCounts]:
    return {"": audit_totals(revision), **dict(sorted(cell_totals(revision).items()))}


def _update_detector(known: Detector, audits: AuditCounts, target: float) -> Detector:
    total_audits = max(0, audits.total - known.audits)
    disagreed = min(total_audits, max(0, audits.disagreed - known.disagreed))
    batch = DetectorBatch.from_counts(disagreed, total_audits, target)
    return _store_detector(known.cell, _load_detector(known).update(batch), audits)


def _store_detector(cell: str, drift: DriftDetector, audits: AuditCounts) -> Detector:
    logs = ",".join(f"{log:.6g}" for log in drift.logs)
    return Detector(
        cell=cell, logs=logs, audits=audits.total, disagreed=audits.disagreed
    )


def _load_detector(detector: Detector) -> DriftDetector:
    if not detector.logs:
        return DriftDetector()
    return DriftDetector(tuple(float(log) for log in detector.logs.split(",")))


def _figures(audits: AuditCounts) -> str:
    return f"{audits.agreed} of {audits.total} audits agreed"
