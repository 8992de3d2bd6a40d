"""The fixed-sequence test on the certify rows."""

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
    """One certify row with the decision of the surrogate."""

    row: Row
    """The row."""
    decision: StageDecision
    """The decision of the stages."""
    cell: str
    """The predicted label."""

    @property
    def agreed(self) -> bool:
        """Whether the teacher gave the same answer; a missing answer is another one."""
        return self.row.label == self.cell


@dataclass(frozen=True, slots=True)
class FixedSequenceRun:
    """The certify rows, and the result of the chain of tests on them."""

    scored: tuple[ScoredRow, ...]
    """All certify rows."""
    policies: tuple[AcceptancePolicy, ...]
    """The declared chain of policies, from its start to its end."""
    counts: tuple[ChainCounts, ...]
    """The counts of each tested policy, including the one that failed."""
    result: ChainResult
    """How far the chain passed."""

    def refusal(self, parameters: AttemptParameters) -> str:
        """Return the reason why no policy passed."""
        first = self.counts[0]
        return (
            f"not certified at {parameters.target:.4g}: the first tested policy agreed"
            f" on {first.agreed} of {first.rows} certify rows, p ="
            f" {self.result.p_values[0]:.3g} against a level of {parameters.level:.4g}"
        )


def run_fixed_sequence(
    parameters: AttemptParameters,
    rows: Sequence[Row],
    declared: tuple[Surrogate, Sequence[AcceptancePolicy]],
    engine: ComputeEngine,
) -> FixedSequenceRun:
    """Decide all certify rows with the serving code, and test the declared chain.

    Args:
        parameters: The parameters of the attempt.
        rows: The certify rows.
        declared: The surrogate and the policies to test, in their order.
        engine: Computes the decisions.
    """
    surrogate, policies = declared
    chunks = [rows[i : i + _CHUNK] for i in range(0, len(rows), _CHUNK)]
    parts = engine.run([partial(_score_rows, chunk, surrogate) for chunk in chunks])
    scored = tuple(row for part in parts for row in part)
    counts: list[ChainCounts] = []

    def test(step: int) -> float:
        # Policies after the first failure are not evaluated.
        counts.append(_count(scored, policies[step]))
        return p_value(counts[-1].agreed, counts[-1].rows, parameters.target)

    result = run_tests(test, Chain(0, len(policies) - 1), parameters.level)
    return FixedSequenceRun(scored, tuple(policies), tuple(counts), result)


def _score_rows(rows: Sequence[Row], surrogate: Surrogate) -> list[ScoredRow]:
    found = surrogate.decide_stages([row.sample for row in rows])
    return [
        ScoredRow(row, decision, surrogate.labels[decision.label])
        for row, decision in zip(rows, found, strict=True)
    ]


def _count(scored: Sequence[ScoredRow], policy: AcceptancePolicy) -> ChainCounts:
    answered = [j for j in scored if policy.accepts(j.decision)]
    return ChainCounts(agreed=sum(j.agreed for j in answered), rows=len(answered))
