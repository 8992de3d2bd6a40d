"""Builds the certificate of a passed test.

Training calls this after a test has passed, and verification calls it on the same rows.
Both must get the same document.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tracer_bentos.surrogate.surrogate import Surrogate
from tracer_bentos.training.certify.certify import FixedSequenceRun, ScoredRow
from tracer_bentos.training.certify.provenance import code_identity
from tracer_bentos.training.certify.statement import build_caveats, build_statement
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.repeats import teacher_ceiling
from tracer_bentos.training.data.rows import RowSet
from tracer_bentos.training.data.split import RowSplit
from tracer_bentos.training.data.used_rows import encode_used_rows
from tracer_bentos.training.fit.threshold_selection import CertificationPlan
from tracer_core.contracts.certificate import (
    MAX_CELLS,
    Badges,
    CellReport,
    Certificate,
    ChainStep,
    RowsTested,
)
from tracer_core.contracts.document import sha256_digest
from tracer_core.stats.certificate.attempt_levels import attempt_level
from tracer_core.stats.certificate.badges import award_badges
from tracer_core.stats.certificate.coverage import coverage_interval
from tracer_core.stats.certificate.fixed_sequence import Chain, ChainCounts

__all__ = ["CertificationOutcome", "build_certificate"]

_MAX_MODELS = 20
_MAX_NAME_LENGTH = 120


@dataclass(frozen=True, slots=True)
class CertificationOutcome:
    """A surrogate with the policy that passed, and the rows of the test."""

    surrogate: Surrogate
    """The surrogate, with the policy of the last step that passed."""
    model: str
    """Digest of the files of the surrogate."""
    rows: RowSet
    """All rows, in the order of the row set."""
    split: RowSplit
    """The TRAIN and certify rows."""
    share: float
    """Requested share of certify rows in the uniform sample."""
    run: FixedSequenceRun
    """The test; at least one step passed."""


def build_certificate(
    parameters: AttemptParameters, tested: CertificationOutcome
) -> Certificate:
    """Return the certificate of the last policy that passed.

    Args:
        parameters: The parameters of the attempt.
        tested: The surrogate and the rows of its test.
    """
    run, rows, policy = tested.run, tested.rows, tested.surrogate.policy
    answered = [j for j in run.scored if policy.accepts(j.decision)]
    times = [j.row.time for j in run.scored if j.row.time and rows.timed]
    delta = 1 - parameters.confidence
    badges = _badges(parameters, tested.surrogate)
    cells = _cells(tested, answered, badges)
    certificate = Certificate(
        task=rows.task,
        target=parameters.target,
        confidence=parameters.confidence,
        attempt=parameters.attempt,
        level=parameters.level,
        budget=parameters.budget or delta,
        n=len(answered),
        k=sum(j.agreed for j in answered),
        m=sum(j.row.label is None for j in answered),
        certify_rows=len(run.scored),
        train_rows=len(tested.split.train),
        **_coverage(run, len(answered), delta),
        threshold=policy.threshold,
        p_value=run.result.p_values[run.result.steps - 1],
        steps=run.result.steps,
        chain=_chain(run),
        strict=parameters.strict,
        received_from=min(times, default=None),
        received_to=max(times, default=None),
        cells=cells[:MAX_CELLS],
        cells_unnamed=max(len(cells) - MAX_CELLS, 0),
        badges=badges,
        ceiling=teacher_ceiling(rows.rows),
        teacher=_models(run.scored),
        rows=_rows(parameters, tested),
        labels=sha256_digest("\n".join(tested.surrogate.labels).encode()),
        model=tested.model,
        code=code_identity(),
        seed=parameters.seed,
        sentence="",
        caveats=build_caveats(
            tested.split, timed=rows.timed, other_tasks=rows.other_tasks
        ),
    )
    return certificate.model_copy(update={"sentence": build_statement(certificate)})


def _coverage(run: FixedSequenceRun, answered: int, level: float) -> dict[str, Any]:
    rows = len(run.scored)
    low, high = coverage_interval(answered, rows, len(run.policies), level)
    return {
        "coverage": answered / rows,
        "coverage_low": low,
        "coverage_high": high,
        "coverage_level": level,
    }


def _chain(run: FixedSequenceRun) -> tuple[ChainStep, ...]:
    tested = zip(run.counts, run.result.p_values, strict=True)
    steps = [{"n": c.rows, "k": c.agreed, "p_value": p} for c, p in tested]
    untested: list[dict[str, float]] = [{}] * (len(run.policies) - len(steps))
    return tuple(
        ChainStep(threshold=policy.threshold, **figures)
        for policy, figures in zip(run.policies, [*steps, *untested], strict=True)
    )


def _rows(parameters: AttemptParameters, tested: CertificationOutcome) -> RowsTested:
    rows, certify_digest = tested.rows, hashlib.sha256()
    for scored in tested.run.scored:
        certify_digest.update(scored.row.digest)
    vector = tested.run.scored[0].row.vector
    used = encode_used_rows(rows.used)
    return RowsTested(
        digest=rows.digest,
        count=len(rows.rows),
        certify="sha256:" + certify_digest.hexdigest(),
        share=tested.share,
        after=parameters.after,
        until=parameters.until,
        seen=sha256_digest(used) if used else None,
        vectors=None if vector is None else len(vector),
        redaction=parameters.redaction,
    )


def _badges(parameters: AttemptParameters, surrogate: Surrogate) -> Badges:
    # Badges test other hypotheses, so they never use a recycled level.
    return Badges(
        floor=CertificationPlan(
            parameters.target, parameters.level, 0, parameters.strict
        ).floor,
        level=attempt_level(parameters.attempt, 1 - parameters.confidence),
        cells=sum(surrogate.policy.open_cells),
    )


def _cells(
    tested: CertificationOutcome, answered: Sequence[ScoredRow], badges: Badges
) -> tuple[CellReport, ...]:
    awarded = _awarded(tested, badges)
    rows = Counter(j.cell for j in answered)
    agreed = Counter(j.cell for j in answered if j.agreed)
    return tuple(
        CellReport(
            name=cell[:_MAX_NAME_LENGTH],
            rows=rows[cell],
            agreed=agreed[cell],
            badge=cell in awarded,
        )
        for cell in sorted(rows, key=lambda cell: (-rows[cell], cell))
    )


def _awarded(tested: CertificationOutcome, badges: Badges) -> frozenset[str]:
    surrogate, run = tested.surrogate, tested.run
    passed = [_by_cell(run, step) for step in range(run.result.steps)]
    cells = [
        label
        for label, is_open in zip(
            surrogate.labels, surrogate.policy.open_cells, strict=True
        )
        if is_open
    ]
    counts = {
        cell: [step.get(cell, ChainCounts(0, 0)) for step in passed] for cell in cells
    }
    chain = Chain(0, len(run.policies) - 1)
    awards = award_badges(counts, chain, run.result, badges.floor, badges.level)
    return frozenset(badge.cell for badge in awards if badge.awarded)


def _by_cell(run: FixedSequenceRun, step: int) -> dict[str, ChainCounts]:
    accepted = [j for j in run.scored if run.policies[step].accepts(j.decision)]
    rows = Counter(j.cell for j in accepted)
    agreed = Counter(j.cell for j in accepted if j.agreed)
    return {cell: ChainCounts(agreed[cell], rows[cell]) for cell in rows}


def _models(scored: Sequence[ScoredRow]) -> tuple[str, ...]:
    models = {row.row.model[:_MAX_NAME_LENGTH] for row in scored if row.row.model}
    return tuple(sorted(models)[:_MAX_MODELS])
