"""What a passed test claims: the certificate, figure by figure.

Called by training when a test has passed and by verification on the same rows: both
must come to the same document.
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
from tracer_core.stats.certificate.badges import award_badges
from tracer_core.stats.certificate.coverage import coverage_interval
from tracer_core.stats.certificate.fixed_sequence import Chain, ChainCounts
from tracer_core.stats.certificate.ledger import attempt_level

__all__ = ["CertificationOutcome", "build_certificate"]

_MOST_MODELS = 20
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class CertificationOutcome:
    """A surrogate with the policy that passed, and the rows on which it did."""

    surrogate: Surrogate
    """What decides, with the policy of the last step passed."""
    model: str
    """Digest of its files."""
    rows: RowSet
    """All rows, in the order that is theirs alone."""
    split: RowSplit
    """Which of them trained and certified."""
    share: float
    """Share of the uniform sample that was asked for to certify."""
    walk: FixedSequenceRun
    """The test, of which at least one step passed."""


def build_certificate(
    question: AttemptParameters, tested: CertificationOutcome
) -> Certificate:
    """Give the certificate of the last policy that passed."""
    walk, rows, policy = tested.walk, tested.rows, tested.surrogate.policy
    answered = [j for j in walk.judged if policy.accepts(j.judgement)]
    times = [j.row.time for j in walk.judged if j.row.time and rows.timed]
    delta = 1 - question.confidence
    badges = _badges(question, tested.surrogate)
    named = _cells(tested, answered, badges)
    bare = Certificate(
        task=rows.task,
        target=question.target,
        confidence=question.confidence,
        attempt=question.attempt,
        level=question.level,
        budget=question.budget or delta,
        n=len(answered),
        k=sum(j.agreed for j in answered),
        m=sum(j.row.label is None for j in answered),
        certify_rows=len(walk.judged),
        train_rows=len(tested.split.train),
        **_coverage(walk, len(answered), delta),
        threshold=policy.threshold,
        p_value=walk.result.p_values[walk.result.steps - 1],
        steps=walk.result.steps,
        chain=_chain(walk),
        strict=question.strict,
        received_from=min(times, default=None),
        received_to=max(times, default=None),
        cells=named[:MAX_CELLS],
        cells_unnamed=max(len(named) - MAX_CELLS, 0),
        badges=badges,
        ceiling=teacher_ceiling(rows.rows),
        teacher=_models(walk.judged),
        rows=_rows(question, tested),
        labels=sha256_digest("\n".join(tested.surrogate.labels).encode()),
        model=tested.model,
        code=code_identity(),
        seed=question.seed,
        sentence="",
        caveats=build_caveats(tested.split, timed=rows.timed, elsewhere=rows.elsewhere),
    )
    return bare.model_copy(update={"sentence": build_statement(bare)})


def _coverage(walk: FixedSequenceRun, answered: int, level: float) -> dict[str, Any]:
    rows = len(walk.judged)
    low, high = coverage_interval(answered, rows, len(walk.policies), level)
    return {
        "coverage": answered / rows,
        "coverage_low": low,
        "coverage_high": high,
        "coverage_level": level,
    }


def _chain(walk: FixedSequenceRun) -> tuple[ChainStep, ...]:
    tested = zip(walk.counts, walk.result.p_values, strict=True)
    steps = [{"n": c.rows, "k": c.agreed, "p_value": p} for c, p in tested]
    untested: list[dict[str, float]] = [{}] * (len(walk.policies) - len(steps))
    return tuple(
        ChainStep(threshold=policy.threshold, **found)
        for policy, found in zip(walk.policies, [*steps, *untested], strict=True)
    )


def _rows(question: AttemptParameters, tested: CertificationOutcome) -> RowsTested:
    rows, whole = tested.rows, hashlib.sha256()
    for each in tested.walk.judged:
        whole.update(each.row.digest)
    first = tested.walk.judged[0].row.vector
    seen = encode_used_rows(rows.seen)
    return RowsTested(
        digest=rows.digest,
        count=len(rows.rows),
        certify="sha256:" + whole.hexdigest(),
        share=tested.share,
        after=question.after,
        until=question.until,
        seen=sha256_digest(seen) if seen else None,
        vectors=None if first is None else len(first),
        redaction=question.redaction,
    )


def _badges(question: AttemptParameters, surrogate: Surrogate) -> Badges:
    # No level is ever handed on to badges: their hypotheses are others.
    return Badges(
        floor=CertificationPlan(
            question.target, question.level, 0, question.strict
        ).floor,
        level=attempt_level(question.attempt, 1 - question.confidence),
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
            name=cell[:_LONGEST_NAME],
            rows=rows[cell],
            agreed=agreed[cell],
            badge=cell in awarded,
        )
        for cell in sorted(rows, key=lambda cell: (-rows[cell], cell))
    )


def _awarded(tested: CertificationOutcome, badges: Badges) -> frozenset[str]:
    surrogate, walk = tested.surrogate, tested.walk
    passed = [_by_cell(walk, step) for step in range(walk.result.steps)]
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
    chain = Chain(0, len(walk.policies) - 1)
    found = award_badges(counts, chain, walk.result, badges.floor, badges.level)
    return frozenset(badge.cell for badge in found if badge.awarded)


def _by_cell(walk: FixedSequenceRun, step: int) -> dict[str, ChainCounts]:
    accepted = [j for j in walk.judged if walk.policies[step].accepts(j.judgement)]
    rows = Counter(j.cell for j in accepted)
    agreed = Counter(j.cell for j in accepted if j.agreed)
    return {cell: ChainCounts(agreed[cell], rows[cell]) for cell in rows}


def _models(judged: Sequence[ScoredRow]) -> tuple[str, ...]:
    models = {each.row.model[:_LONGEST_NAME] for each in judged if each.row.model}
    return tuple(sorted(models)[:_MOST_MODELS])
