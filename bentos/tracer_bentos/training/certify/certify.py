"""The one test on the certify rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tracer_bentos.surrogate.surrogate import Judgement, Policy, Surrogate
from tracer_bentos.training.data.attempt_spec import Question
from tracer_bentos.training.data.rows import Row
from tracer_bentos.training.engine.engine import Engine
from tracer_core.stats.binomial import p_value
from tracer_core.stats.certificate.fixed_sequence import (
    Chain,
    ChainResult,
    Counts,
    walk_tests,
)

__all__ = ["Judged", "Walk", "walk_policies"]

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
    policies: tuple[Policy, ...]
    """The declared chain, from its start to its end."""
    counts: tuple[Counts, ...]
    """The counts of every policy that was tested, the failed one included."""
    result: ChainResult
    """How far it went."""

    def refusal(self, question: Question) -> str:
        """Say why nothing passed, for people."""
        first = self.counts[0]
        return (
            f"not certified at {question.target:.4g}: the first policy tested agreed"
            f" on {first.agreed} of {first.rows} certify rows, p ="
            f" {self.result.p_values[0]:.3g} against a level of {question.level:.4g}"
        )


def walk_policies(
    question: Question,
    rows: Sequence[Row],
    declared: tuple[Surrogate, Sequence[Policy]],
    engine: Engine,
) -> Walk:
    """Decide every certify row with the served code and test the declared chain."""
    surrogate, policies = declared
    chunks = [rows[i : i + _CHUNK] for i in range(0, len(rows), _CHUNK)]
    parts = engine.run([partial(_judge_all, chunk, surrogate) for chunk in chunks])
    judged = tuple(each for part in parts for each in part)
    counts: list[Counts] = []

    def test(step: int) -> float:
        # A policy that the chain does not reach is not looked at.
        counts.append(_count(judged, policies[step]))
        return p_value(counts[-1].agreed, counts[-1].rows, question.target)

    result = walk_tests(test, Chain(0, len(policies) - 1), question.level)
    return Walk(judged, tuple(policies), tuple(counts), result)


def _judge_all(rows: Sequence[Row], surrogate: Surrogate) -> list[Judged]:
    found = surrogate.judge_all([row.sample for row in rows])
    return [
        Judged(row, judgement, surrogate.labels[judgement.label])
        for row, judgement in zip(rows, found, strict=True)
    ]


def _count(judged: Sequence[Judged], policy: Policy) -> Counts:
    answered = [j for j in judged if policy.accepts(j.judgement)]
    return Counts(agreed=sum(j.agreed for j in answered), rows=len(answered))
