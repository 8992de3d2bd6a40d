"""The one test on the certify rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tracer_bentos.surrogate.surrogate import AcceptancePolicy, StageDecision, Surrogate
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.rows import Row
from tracer_bentos.training.engine.engine import ComputeEngine
from tracer_core.stats.binomial import p_value
from tracer_core.stats.certificate.fixed_sequence import (
    Chain,
    ChainCounts,
    ChainResult,
    run_tests,
)

__all__ = ["FixedSequenceRun", "ScoredRow", "run_fixed_sequence"]

_CHUNK = 256


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """One certify row beside what the surrogate says."""

    row: Row
    """The row."""
    judgement: StageDecision
    """What the surrogate's stages found."""
    cell: str
    """The predicted label."""

    @property
    def agreed(self) -> bool:
        """Tell whether the teacher said the same; a missing answer did not."""
        return self.row.label == self.cell


@dataclass(frozen=True, slots=True)
class FixedSequenceRun:
    """The certify rows and how far the chain went on them."""

    judged: tuple[ScoredRow, ...]
    """Every certify row."""
    policies: tuple[AcceptancePolicy, ...]
    """The declared chain, from its start to its end."""
    counts: tuple[ChainCounts, ...]
    """The counts of every policy that was tested, the failed one included."""
    result: ChainResult
    """How far it went."""

    def refusal(self, question: AttemptParameters) -> str:
        """Say why nothing passed, for people."""
        first = self.counts[0]
        return (
            f"not certified at {question.target:.4g}: the first policy tested agreed"
            f" on {first.agreed} of {first.rows} certify rows, p ="
            f" {self.result.p_values[0]:.3g} against a level of {question.level:.4g}"
        )


def run_fixed_sequence(
    question: AttemptParameters,
    rows: Sequence[Row],
    declared: tuple[Surrogate, Sequence[AcceptancePolicy]],
    engine: ComputeEngine,
) -> FixedSequenceRun:
    """Decide every certify row with the served code and test the declared chain."""
    surrogate, policies = declared
    chunks = [rows[i : i + _CHUNK] for i in range(0, len(rows), _CHUNK)]
    parts = engine.run([partial(_score_rows, chunk, surrogate) for chunk in chunks])
    judged = tuple(each for part in parts for each in part)
    counts: list[ChainCounts] = []

    def test(step: int) -> float:
        # A policy that the chain does not reach is not looked at.
        counts.append(_count(judged, policies[step]))
        return p_value(counts[-1].agreed, counts[-1].rows, question.target)

    result = run_tests(test, Chain(0, len(policies) - 1), question.level)
    return FixedSequenceRun(judged, tuple(policies), tuple(counts), result)


def _score_rows(rows: Sequence[Row], surrogate: Surrogate) -> list[ScoredRow]:
    found = surrogate.judge_all([row.sample for row in rows])
    return [
        ScoredRow(row, judgement, surrogate.labels[judgement.label])
        for row, judgement in zip(rows, found, strict=True)
    ]


def _count(judged: Sequence[ScoredRow], policy: AcceptancePolicy) -> ChainCounts:
    answered = [j for j in judged if policy.accepts(j.judgement)]
    return ChainCounts(agreed=sum(j.agreed for j in answered), rows=len(answered))
