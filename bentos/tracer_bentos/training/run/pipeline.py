"""Learning and certifying one task: rows in, a certified surrogate or a refusal out.

No input, no output, no clock: the same rows, level and seed give the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tracer_bentos.bundle.serialization import model_digest, write_surrogate
from tracer_bentos.surrogate.surrogate import Surrogate
from tracer_bentos.training.certify.certificate_builder import (
    CertificationOutcome,
    build_certificate,
)
from tracer_bentos.training.certify.certify import run_fixed_sequence
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.label_space import label_space_refusal
from tracer_bentos.training.data.row import Row
from tracer_bentos.training.data.rows import RowSet
from tracer_bentos.training.data.split import NARROW, WIDE, RowSplit, split_rows
from tracer_bentos.training.engine.engine import one_thread_each
from tracer_bentos.training.fit.fit_context import FitContext, TrainingContext
from tracer_core.contracts.certificate import Certificate
from tracer_core.contracts.document import sha256_digest
from tracer_core.stats.binomial import rows_without_error

__all__ = ["TrainingResult", "sort_rows", "train"]


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """How it ended; refused when there is no surrogate."""

    reason: str
    """Why, for people."""
    tested: bool = False
    """Whether the certify rows were looked at."""
    chain_passed: bool = False
    """Whether every step of the declared chain passed."""
    surrogate: Surrogate | None = None
    """What decides, when certified."""
    certificate: Certificate | None = None
    """What is claimed, when certified."""
    learnt: tuple[Row, ...] = field(default=(), compare=False, repr=False)
    """Rows that were learnt from: no later attempt may certify on them."""


def train(
    question: AttemptParameters, rows: RowSet, means: TrainingContext
) -> TrainingResult:
    """Learn from the older rows and certify on the newest, once."""
    short = question.minimum - rows.uniform_labelled
    if short > 0:
        return TrainingResult(
            f"{rows.uniform_labelled} labelled rows of the uniform sample,"
            f" {question.minimum} are required: {short} more are needed"
        )
    ordered = sort_rows(rows)
    wide, narrow = (
        split_rows(ordered.rows, share, question.seed, question.after, ordered.seen)
        for share in (WIDE, NARROW)
    )
    chosen = ordered.rows.gather({*narrow.train, *narrow.certify, *wide.certify})
    refusal = _refusal(question, rows, chosen, wide)
    if refusal:
        return TrainingResult(refusal)
    with one_thread_each():
        work = FitContext.create(question, chosen, narrow, means)
        share = NARROW if work.is_safe(wide) else WIDE
        split = narrow if share == NARROW else wide
        return _fit_and_certify(question, rows, work, (split, share))


def sort_rows(rows: RowSet) -> RowSet:
    """Give the rows in the order in which they are split: what trains comes first."""
    if rows.timed or rows.seen is None:
        return rows
    order = np.argsort(~rows.seen, kind="stable")
    return replace(rows, rows=rows.rows.take(order), seen=rows.seen[order])


def _refusal(
    question: AttemptParameters,
    rows: RowSet,
    chosen: Mapping[int, Row],
    split: RowSplit,
) -> str | None:
    least = rows_without_error(question.target, question.level)
    if len(split.certify) < least:
        return (
            f"{len(split.certify)} fresh, independent rows to certify on; at level"
            f" {question.level:.4g} even a faultless policy needs {least}"
            f"{_seen_before(question, rows)}"
        )
    return label_space_refusal([chosen[i].label for i in split.train])


def _seen_before(question: AttemptParameters, rows: RowSet) -> str:
    if question.after is None and rows.seen is None:
        return ""
    return (
        "; rows that an earlier attempt has looked at train and never certify: more"
        " traces are needed"
    )


def _fit_and_certify(
    question: AttemptParameters,
    rows: RowSet,
    work: FitContext,
    chosen: tuple[RowSplit, float],
) -> TrainingResult:
    split, share = chosen
    surrogate, family = work.fit(split)
    learnt = tuple(work.rows[i] for i in split.train)
    if not family.hopeful:
        return TrainingResult(
            f"no part of the traffic reaches {question.target:.4g} in training: the"
            f" most promising part agrees {family.predicted:.3f} out of fold",
            learnt=learnt,
        )
    certify = [work.rows[i] for i in split.certify]
    declared = family.policies[family.chain.start : family.chain.end + 1]
    walk = run_fixed_sequence(
        question, certify, (surrogate, declared), work.means.engine
    )
    if walk.result.passed is None:
        return TrainingResult(walk.refusal(question), tested=True, learnt=learnt)
    certified = replace(surrogate, policy=declared[walk.result.passed])
    files = write_surrogate(certified)
    model = model_digest({name: sha256_digest(files[name]) for name in files})
    tested = CertificationOutcome(certified, model, rows, split, share, walk)
    certificate = build_certificate(question, tested)
    return TrainingResult(
        f"certified: {certificate.k} of {certificate.n} answers agreed",
        tested=True,
        chain_passed=walk.result.whole,
        surrogate=certified,
        certificate=certificate,
        learnt=learnt,
    )
