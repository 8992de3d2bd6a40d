"""Scan of traces: an estimate of what could be certified, by readable cells.

The rows that a certificate of these traces would be tested on are the vault. Nothing
here examines the vault: every figure is computed from the other rows, with predictions
of models that were not trained on the row. So a target that is chosen after a scan does
not weaken the test of a later certificate.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tracer_bentos.offline_commands.scanned_cells import ScannedCell, summarize_cells
from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.base.ngrams import normalize
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.label_space import label_space_refusal
from tracer_bentos.training.data.rows import Row, RowSet, mark_used
from tracer_bentos.training.data.split import WIDE, RowSplit, split_rows
from tracer_bentos.training.engine.engine import one_thread_each
from tracer_bentos.training.fit.coverage_curve import OofPredictions
from tracer_bentos.training.fit.fit_context import FitContext, FittedExperts
from tracer_bentos.training.fit.forecast import (
    LIKELY,
    CertificationForecast,
    forecast_certification,
)
from tracer_bentos.training.fit.stage_selection import choose_stages
from tracer_bentos.training.fit.threshold_selection import CertificationPlan
from tracer_bentos.training.fit.training_context import local_training_context
from tracer_bentos.training.ledger.offline_ledger import OfflineLedger
from tracer_bentos.training.run.load_rows import LoadedRows
from tracer_bentos.training.run.pipeline import sort_rows

__all__ = ["ScanReport", "ScanTarget", "scan_traces"]

TARGETS = (0.90, 0.95, 0.98)
_SHOWN = 0.95
"""The target for which cells are reported."""
_SECONDS_PER_DAY = 86_400
_MIN_TIMES = 2
"""Fewest rows with a time from which a rate is computed."""


@dataclass(frozen=True, slots=True)
class ScanTarget:
    """The estimate for one target."""

    target: float
    """Target of the agreement, as a fraction."""
    share: float
    """Share of traffic that a fit is expected to answer, if it certifies."""
    chance: float
    """Probability that a fit of these rows certifies."""
    missing: int | None
    """Additional rows for a good chance; none if more of the same rows do not help."""
    days: float | None
    """Days until these rows arrive at the rate of the traces; none if unknown."""


@dataclass(frozen=True, slots=True)
class ScanReport:
    """The result of a scan; without cells if nothing can be trained."""

    reason: str | None
    """Why nothing can be trained; none if a surrogate can be trained."""
    task: str
    """The task with the most rows."""
    rows: int
    """Rows of the task with a usable label."""
    looked_at: int
    """Examined rows, from which all figures are computed."""
    vault: int
    """Rows reserved for the test of a certificate."""
    labels: int
    """Different answers of the teacher in the examined rows."""
    conflicts: int
    """Examined texts with more than one answer of the teacher."""
    elsewhere: int
    """Rows of other tasks."""
    seed: int
    """Seed of all randomness."""
    targets: tuple[ScanTarget, ...] = ()
    """Estimates by target."""
    cells: tuple[ScannedCell, ...] = ()
    """The cells, largest first."""


def scan_traces(
    gathered: LoadedRows, seed: int, encoders: Sequence[Encoder] = ()
) -> ScanReport:
    """Return what could be certified on traces, without examining their vault.

    Args:
        gathered: The traces.
        seed: Seed of all randomness.
        encoders: Encoders that the user named.

    Raises:
        DocumentError: An encoder failed.
    """
    # The ledger determines the rows that a fit of these traces would be tested on.
    attempt, seen = OfflineLedger().mark_examined(gathered.rows)
    rows = sort_rows(mark_used(gathered.rows, seen))
    split = split_rows(rows.rows, WIDE, seed, attempt.after, rows.used)
    loaded = rows.rows.gather(split.train)
    examined = [loaded[i] for i in split.train]
    counts = _counts(gathered.rows, split, examined, seed)
    if counts.reason:
        return counts
    context = local_training_context(encoders=encoders, dimensions=gathered.dimensions)
    parameters = AttemptParameters(1, _SHOWN, 0.95, attempt.level, minimum=1, seed=seed)
    with one_thread_each():
        fitted = FitContext.create(parameters, loaded, split, context).fit_experts(
            split
        )
    estimates = {
        target: _estimate(
            fitted, CertificationPlan(target, attempt.level, len(split.certify))
        )
        for target in TARGETS
    }
    targets = [
        _target(target, forecast, gathered.rows, counts.vault)
        for target, (_, forecast) in estimates.items()
    ]
    cells = summarize_cells(examined, fitted.labels, *estimates[_SHOWN])
    return replace(counts, targets=tuple(targets), cells=cells)


def _counts(
    rows: RowSet, split: RowSplit, examined: Sequence[Row], seed: int
) -> ScanReport:
    """Return the report without targets and cells."""
    answers: dict[str, set[str | None]] = defaultdict(set)
    for row in examined:
        answers[normalize(row.text)].add(row.label)
    return ScanReport(
        reason=label_space_refusal([row.label for row in examined]),
        task=rows.task,
        rows=rows.labelled,
        looked_at=len(examined),
        vault=len(split.certify),
        labels=len({row.label for row in examined}),
        conflicts=sum(len(labels) > 1 for labels in answers.values()),
        elsewhere=rows.other_tasks,
        seed=seed,
    )


def _estimate(
    fitted: FittedExperts, plan: CertificationPlan
) -> tuple[OofPredictions, CertificationForecast]:
    labels = len(fitted.labels)
    choice = choose_stages(fitted.fitted, fitted.training.targets, plan, labels)
    return choice.predictions, forecast_certification(choice.predictions, plan, labels)


def _target(
    target: float, forecast: CertificationForecast, rows: RowSet, vault: int
) -> ScanTarget:
    uniform = int(rows.rows.uniform.sum())
    missing = None
    if forecast.certify is not None:
        more = math.ceil(forecast.certify / WIDE) - uniform
        is_likely = forecast.chance >= LIKELY
        missing = 0 if is_likely else max(0, more, forecast.certify - vault)
    rate = _rows_per_day(rows)
    days = None if missing is None or rate is None else round(missing / rate, 1)
    return ScanTarget(
        target, round(forecast.share, 4), round(forecast.chance, 4), missing, days
    )


def _rows_per_day(rows: RowSet) -> float | None:
    times = rows.rows.times[rows.rows.uniform & rows.rows.timed]
    if not rows.timed or len(times) < _MIN_TIMES:
        return None
    days = float(np.ptp(times)) / 1e6 / _SECONDS_PER_DAY
    return len(times) / days if days else None
