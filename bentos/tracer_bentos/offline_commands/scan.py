"""A first look at traces: what could be certified, by cells that a person can read.

Nothing here looks at the vault, the rows that a certificate of these traces would be
tested on: every figure comes from the other rows, each judged without having been
learnt. So a target chosen after a scan costs a later certificate nothing.
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
"""The target whose judgement the cells are shown by."""
_SECONDS_A_DAY = 86_400
_FEWEST_TIMES = 2


@dataclass(frozen=True, slots=True)
class ScanTarget:
    """What could be certified at one target."""

    target: float
    """Agreement that would be asked for."""
    share: float
    """Share of traffic that a fit is expected to answer, if it certifies."""
    chance: float
    """Probability that it certifies anything, with the rows at hand."""
    missing: int | None
    """Rows more for a good chance; none when more of the same do not help."""
    days: float | None
    """How long they take to come, at the rate of the traces; none when unknown."""


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a first look found; refused when there are no cells."""

    reason: str | None
    """Why nothing can be learnt, for people."""
    task: str
    """The task with the most rows."""
    rows: int
    """Its rows with a usable label."""
    looked_at: int
    """Rows that the figures are from."""
    vault: int
    """Rows kept unseen for a certificate."""
    labels: int
    """Different answers of the teacher among the rows looked at."""
    conflicts: int
    """Texts looked at to which the teacher gave more than one answer."""
    elsewhere: int
    """Rows of other tasks."""
    seed: int
    """Seed of everything random."""
    targets: tuple[ScanTarget, ...] = ()
    """What could be certified."""
    cells: tuple[ScannedCell, ...] = ()
    """The cells, largest first."""


def scan_traces(
    gathered: LoadedRows, seed: int, encoders: Sequence[Encoder] = ()
) -> ScanReport:
    """Look at traces without looking at their vault.

    Args:
        gathered: The traces.
        seed: Seed of everything random.
        encoders: Encoders that the user named.

    Raises:
        DocumentError: An encoder failed.
    """
    # What a fit of these traces would be tested on, by the same ledger.
    attempt, seen = OfflineLedger().mark_examined(gathered.rows)
    rows = sort_rows(mark_used(gathered.rows, seen))
    split = split_rows(rows.rows, WIDE, seed, attempt.after, rows.seen)
    held = rows.rows.gather(split.train)
    looked_at = [held[i] for i in split.train]
    plain = _plain(gathered.rows, split, looked_at, seed)
    if plain.reason:
        return plain
    means = local_training_context(encoders=encoders, dimensions=gathered.dimensions)
    question = AttemptParameters(1, _SHOWN, 0.95, attempt.level, minimum=1, seed=seed)
    with one_thread_each():
        lessons = FitContext.create(question, held, split, means).fit_experts(split)
    found = {
        target: _estimate(
            lessons, CertificationPlan(target, attempt.level, len(split.certify))
        )
        for target in TARGETS
    }
    targets = [
        _target(target, guess, gathered.rows, plain.vault)
        for target, (_, guess) in found.items()
    ]
    cells = summarize_cells(looked_at, lessons.labels, *found[_SHOWN])
    return replace(plain, targets=tuple(targets), cells=cells)


def _plain(rows: RowSet, split: RowSplit, seen: Sequence[Row], seed: int) -> ScanReport:
    answers: dict[str, set[str | None]] = defaultdict(set)
    for row in seen:
        answers[normalize(row.text)].add(row.label)
    return ScanReport(
        reason=label_space_refusal([row.label for row in seen]),
        task=rows.task,
        rows=rows.labelled,
        looked_at=len(seen),
        vault=len(split.certify),
        labels=len({row.label for row in seen}),
        conflicts=sum(len(each) > 1 for each in answers.values()),
        elsewhere=rows.elsewhere,
        seed=seed,
    )


def _estimate(
    lessons: FittedExperts, aim: CertificationPlan
) -> tuple[OofPredictions, CertificationForecast]:
    labels = len(lessons.labels)
    choice = choose_stages(lessons.fitted, lessons.learnable.targets, aim, labels)
    return choice.outlook, forecast_certification(choice.outlook, aim, labels)


def _target(
    target: float, guess: CertificationForecast, rows: RowSet, vault: int
) -> ScanTarget:
    uniform = int(rows.rows.uniform.sum())
    missing = None
    if guess.certify is not None:
        more = math.ceil(guess.certify / WIDE) - uniform
        likely = guess.chance >= LIKELY
        missing = 0 if likely else max(0, more, guess.certify - vault)
    rate = _rows_a_day(rows)
    days = None if missing is None or rate is None else round(missing / rate, 1)
    return ScanTarget(
        target, round(guess.share, 4), round(guess.chance, 4), missing, days
    )


def _rows_a_day(rows: RowSet) -> float | None:
    times = rows.rows.times[rows.rows.uniform & rows.rows.timed]
    if not rows.timed or len(times) < _FEWEST_TIMES:
        return None
    days = float(np.ptp(times)) / 1e6 / _SECONDS_A_DAY
    return len(times) / days if days else None
