"""The one test on the certify rows, and the certificate of what passed it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tracer_bentos.packaging.surrogate import Judgement, Policy, Surrogate
from tracer_bentos.training.acceptance import Family
from tracer_bentos.training.engine import Engine
from tracer_bentos.training.question import Question
from tracer_bentos.training.rows import Row, RowSet
from tracer_bentos.training.sentence import caveats_of, sentence_of, teacher_of
from tracer_router.contracts.certificate import CellReport, Certificate
from tracer_router.parity.fixed_sequence import (
    Chain,
    ChainResult,
    Counts,
    walk_chain,
)

__all__ = ["Judged", "Walk", "walk_family", "write_certificate"]

_CHUNK = 256


@dataclass(frozen=True, slots=True)
class Judged:
    """One certify row beside what the surrogate says."""

    row: Row
    """The row."""
    judgement: Judgement
    """What the surrogate's stages found."""
    cell: str
    """The predicted label."""

    @property
    def agreed(self) -> bool:
        """Tell whether the teacher said the same; a missing answer did not."""
        return self.row.label == self.cell


@dataclass(frozen=True, slots=True)
class Walk:
    """The certify rows and how far the chain went on them."""

    judged: tuple[Judged, ...]
    """Every certify row."""
    family: tuple[Counts, ...]
    """The counts of every policy; only those of the chain were tested."""
    chain: Chain
    """What was declared."""
    result: ChainResult
    """How far it went."""

    def refusal(self, question: Question) -> str:
        """Say why nothing passed, for people."""
        first = self.family[self.chain.start]
        return (
            f"not certified at {question.target:.4g}: the first policy tested agreed"
            f" on {first.agreed} of {first.rows} certify rows, p ="
            f" {self.result.p_values[0]:.3g} against a level of {question.level:.4g}"
        )


def walk_family(
    question: Question,
    rows: Sequence[Row],
    declared: tuple[Surrogate, Family],
    engine: Engine,
) -> Walk:
    """Decide every certify row with the served code and test the declared chain."""
    surrogate, family = declared
    chunks = [rows[i : i + _CHUNK] for i in range(0, len(rows), _CHUNK)]
    parts = engine.run([partial(_judge_all, chunk, surrogate) for chunk in chunks])
    judged = tuple(each for part in parts for each in part)
    counts = tuple(_count(judged, policy) for policy in family.policies)
    result = walk_chain(counts, family.chain, question.target, question.level)
    return Walk(judged, counts, family.chain, result)


def write_certificate(
    question: Question, rows: RowSet, walk: Walk, trained: int, policy: Policy
) -> Certificate:
    """Give the certificate of the last policy that passed.

    Args:
        question: The terms of the attempt.
        rows: The row set.
        walk: The test, of which at least one step passed.
        trained: Rows trained on.
        policy: The policy that passed last.
    """
    answered = [j for j in walk.judged if policy.accepts(j.judgement)]
    times = [j.row.time for j in walk.judged if j.row.time and rows.timed]
    bare = Certificate(
        task=rows.task,
        target=question.target,
        confidence=question.confidence,
        attempt=question.attempt,
        level=question.level,
        budget=question.budget or 1 - question.confidence,
        n=len(answered),
        k=sum(j.agreed for j in answered),
        m=sum(j.row.label is None for j in answered),
        certify_rows=len(walk.judged),
        train_rows=trained,
        coverage=len(answered) / len(walk.judged),
        threshold=policy.threshold,
        p_value=walk.result.p_values[walk.result.steps - 1],
        steps=walk.result.steps,
        chain=len(walk.chain),
        received_from=min(times, default=None),
        received_to=max(times, default=None),
        cells=_cells(answered),
        data=rows.digest,
        seed=question.seed,
        sentence="",
        caveats=caveats_of(timed=rows.timed, elsewhere=rows.elsewhere),
    )
    sentence = sentence_of(bare, teacher_of([j.row for j in walk.judged]))
    return bare.model_copy(update={"sentence": sentence})


def _judge_all(rows: Sequence[Row], surrogate: Surrogate) -> list[Judged]:
    return [_judge(row, surrogate) for row in rows]


def _judge(row: Row, surrogate: Surrogate) -> Judged:
    judgement = surrogate.judge(row.sample)
    return Judged(row, judgement, surrogate.labels[judgement.label])


def _count(judged: Sequence[Judged], policy: Policy) -> Counts:
    answered = [j for j in judged if policy.accepts(j.judgement)]
    return Counts(agreed=sum(j.agreed for j in answered), rows=len(answered))


def _cells(answered: Sequence[Judged]) -> tuple[CellReport, ...]:
    rows = Counter(j.cell for j in answered)
    agreed = Counter(j.cell for j in answered if j.agreed)
    return tuple(
        CellReport(name=cell, rows=rows[cell], agreed=agreed[cell])
        for cell in sorted(rows)
    )
