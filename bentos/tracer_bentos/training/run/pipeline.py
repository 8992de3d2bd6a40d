"""Training and certification of one task: from rows to a surrogate or a refusal.

The pipeline has no input, no output, and no clock: the same rows, level, and seed
result in the same bytes.
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
    """The result of training; without a surrogate, it is a refusal."""

    reason: str
    """The reason, as text."""
    tested: bool = False
    """Whether the certify rows were examined."""
    chain_passed: bool = False
    """Whether all steps of the declared chain passed."""
    surrogate: Surrogate | None = None
    """The surrogate, if certified."""
    certificate: Certificate | None = None
    """The certificate, if certified."""
    train_rows: tuple[Row, ...] = field(default=(), compare=False, repr=False)
    """The TRAIN rows: no later attempt can certify on them."""


def train(
    parameters: AttemptParameters, rows: RowSet, context: TrainingContext
) -> TrainingResult:
    """Train on the older rows, and certify once on the newest.

    Args:
        parameters: The parameters of the attempt.
        rows: The rows of one task.
        context: The engine and the encoders.
    """
    short = parameters.minimum - rows.uniform_labelled
    if short > 0:
        return TrainingResult(
            f"{rows.uniform_labelled} labeled rows in the uniform sample, but"
            f" {parameters.minimum} are required: {short} more are needed"
        )
    ordered = sort_rows(rows)
    wide, narrow = (
        split_rows(ordered.rows, share, parameters.seed, parameters.after, ordered.used)
        for share in (WIDE, NARROW)
    )
    chosen = ordered.rows.gather({*narrow.train, *narrow.certify, *wide.certify})
    refusal = _refusal(parameters, rows, chosen, wide)
    if refusal:
        return TrainingResult(refusal)
    with one_thread_each():
        work = FitContext.create(parameters, chosen, narrow, context)
        share = NARROW if work.is_safe(wide) else WIDE
        split = narrow if share == NARROW else wide
        return _fit_and_certify(parameters, rows, work, (split, share))


def sort_rows(rows: RowSet) -> RowSet:
    """Return the rows in the order of the split: used rows, which train, come first."""
    if rows.timed or rows.used is None:
        return rows
    order = np.argsort(~rows.used, kind="stable")
    return replace(rows, rows=rows.rows.take(order), used=rows.used[order])


def _refusal(
    parameters: AttemptParameters,
    rows: RowSet,
    chosen: Mapping[int, Row],
    split: RowSplit,
) -> str | None:
    required = rows_without_error(parameters.target, parameters.level)
    if len(split.certify) < required:
        return (
            f"{len(split.certify)} fresh, independent rows to certify on; at level"
            f" {parameters.level:.4g} even a policy without errors needs {required}"
            f"{_used_rows_hint(parameters, rows)}"
        )
    return label_space_refusal([chosen[i].label for i in split.train])


def _used_rows_hint(parameters: AttemptParameters, rows: RowSet) -> str:
    if parameters.after is None and rows.used is None:
        return ""
    return (
        "; rows that an earlier attempt has used never certify, so more traces are"
        " needed"
    )


def _fit_and_certify(
    parameters: AttemptParameters,
    rows: RowSet,
    work: FitContext,
    chosen: tuple[RowSplit, float],
) -> TrainingResult:
    split, share = chosen
    surrogate, family = work.fit(split)
    train_rows = tuple(work.rows[i] for i in split.train)
    if not family.reached:
        return TrainingResult(
            f"no part of the traffic reaches {parameters.target:.4g} in training; the"
            f" out-of-fold agreement of the best part is {family.predicted:.3f}",
            train_rows=train_rows,
        )
    certify = [work.rows[i] for i in split.certify]
    declared = family.policies[family.chain.start : family.chain.end + 1]
    run = run_fixed_sequence(
        parameters, certify, (surrogate, declared), work.context.engine
    )
    if run.result.passed is None:
        return TrainingResult(
            run.refusal(parameters), tested=True, train_rows=train_rows
        )
    certified = replace(surrogate, policy=declared[run.result.passed])
    files = write_surrogate(certified)
    model = model_digest({name: sha256_digest(files[name]) for name in files})
    tested = CertificationOutcome(certified, model, rows, split, share, run)
    certificate = build_certificate(parameters, tested)
    return TrainingResult(
        f"certified: {certificate.k} of {certificate.n} answers agreed",
        tested=True,
        chain_passed=run.result.whole,
        surrogate=certified,
        certificate=certificate,
        train_rows=train_rows,
    )
