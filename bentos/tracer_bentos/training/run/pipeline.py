"""Learning and certifying one task: rows in, a certified surrogate or a refusal out.

No input, no output, no clock: the same rows, level and seed give the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tracer_bentos.bundle.serialization import model_digest, write_surrogate
from tracer_bentos.surrogate.surrogate import Surrogate
from tracer_bentos.training.certify.certificate_builder import Tested, claim_of
from tracer_bentos.training.certify.certify import walk_policies
from tracer_bentos.training.data.attempt_spec import Question
from tracer_bentos.training.data.label_space import unlearnable
from tracer_bentos.training.data.row import Row
from tracer_bentos.training.data.rows import RowSet
from tracer_bentos.training.data.split import NARROW, WIDE, Split, split_rows
from tracer_bentos.training.engine.engine import one_thread_each
from tracer_bentos.training.fit.fit_context import Means, Workbench
from tracer_core.contracts.certificate import Certificate
from tracer_core.contracts.document import digest_of
from tracer_core.stats.binomial import rows_without_error

__all__ = ["Learned", "in_order", "learn"]


@dataclass(frozen=True, slots=True)
class Learned:
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


def learn(question: Question, rows: RowSet, means: Means) -> Learned:
    """Learn from the older rows and certify on the newest, once."""
    short = question.minimum - rows.uniform_labelled
    if short > 0:
        return Learned(
            f"{rows.uniform_labelled} labelled rows of the uniform sample,"
            f" {question.minimum} are required: {short} more are needed"
        )
    ordered = in_order(rows)
    wide, narrow = (
        split_rows(ordered.rows, share, question.seed, question.after, ordered.seen)
        for share in (WIDE, NARROW)
    )
    chosen = ordered.rows.gather({*narrow.train, *narrow.certify, *wide.certify})
    refusal = _refusal(question, rows, chosen, wide)
    if refusal:
        return Learned(refusal)
    with one_thread_each():
        work = Workbench.of(question, chosen, narrow, means)
        share = NARROW if work.is_safe(wide) else WIDE
        split = narrow if share == NARROW else wide
        return _fit_and_certify(question, rows, work, (split, share))


def in_order(rows: RowSet) -> RowSet:
    """Give the rows in the order in which they are split: what trains comes first."""
    if rows.timed or rows.seen is None:
        return rows
    order = np.argsort(~rows.seen, kind="stable")
    return replace(rows, rows=rows.rows.take(order), seen=rows.seen[order])


def _refusal(
    question: Question, rows: RowSet, chosen: Mapping[int, Row], split: Split
) -> str | None:
    least = rows_without_error(question.target, question.level)
    if len(split.certify) < least:
        return (
            f"{len(split.certify)} fresh, independent rows to certify on; at level"
            f" {question.level:.4g} even a faultless policy needs {least}"
            f"{_seen_before(question, rows)}"
        )
    return unlearnable([chosen[i].label for i in split.train])


def _seen_before(question: Question, rows: RowSet) -> str:
    if question.after is None and rows.seen is None:
        return ""
    return (
        "; rows that an earlier attempt has looked at train and never certify: more"
        " traces are needed"
    )


def _fit_and_certify(
    question: Question,
    rows: RowSet,
    work: Workbench,
    chosen: tuple[Split, float],
) -> Learned:
    split, share = chosen
    surrogate, family = work.fit(split)
    learnt = tuple(work.rows[i] for i in split.train)
    if not family.hopeful:
        return Learned(
            f"no part of the traffic reaches {question.target:.4g} in training: the"
            f" most promising part agrees {family.predicted:.3f} out of fold",
            learnt=learnt,
        )
    certify = [work.rows[i] for i in split.certify]
    declared = family.policies[family.chain.start : family.chain.end + 1]
    walk = walk_policies(question, certify, (surrogate, declared), work.means.engine)
    if walk.result.passed is None:
        return Learned(walk.refusal(question), tested=True, learnt=learnt)
    certified = replace(surrogate, policy=declared[walk.result.passed])
    files = write_surrogate(certified)
    model = model_digest({name: digest_of(files[name]) for name in files})
    tested = Tested(certified, model, rows, split, share, walk)
    certificate = claim_of(question, tested)
    return Learned(
        f"certified: {certificate.k} of {certificate.n} answers agreed",
        tested=True,
        chain_passed=walk.result.whole,
        surrogate=certified,
        certificate=certificate,
        learnt=learnt,
    )
