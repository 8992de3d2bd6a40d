"""Selection of the experts that decide, and of a cheaper stage before them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from tracer_bentos.surrogate.surrogate import Stage
from tracer_bentos.training.fit.calibration import fit_calibration
from tracer_bentos.training.fit.coverage_curve import (
    OofPredictions,
    coverage_curve,
    defers_to_next_stage,
    out_of_fold_predictions,
)
from tracer_bentos.training.fit.experts.fit_result import FitResult, Targets
from tracer_bentos.training.fit.ood_gate import ood_threshold
from tracer_bentos.training.fit.out_of_fold import (
    AgreementTable,
    ExpertBlend,
    build_agreement_table,
)
from tracer_bentos.training.fit.threshold_selection import (
    CertificationPlan,
    expected_coverage,
    expected_threshold,
)

__all__ = ["StageChoice", "choose_stages", "drop_unused_stages"]

_SHARES = {1: ((1.0,),), 2: ((0.3, 0.7), (0.5, 0.5), (0.7, 0.3)), 3: ((0.2, 0.3, 0.5),)}
"""Shares that are tried, by the number of experts in a blend."""
_MIN_GAIN = 0.005
"""Gain of coverage from which a transformer is used."""
_MIN_ANSWERED = 1_000
"""Answered TRAIN rows from which the decisions of two stages can be compared: if they
never differ in n rows, the expected rate of differences is 1 in n + 1."""
_UNREACHABLE = 2.0
"""A score above all possible scores."""


@dataclass(frozen=True, slots=True)
class StageChoice:
    """The selected stages and their out-of-fold predictions."""

    stages: tuple[Stage, ...]
    """The stages, cheap ones first."""
    predictions: OofPredictions
    """Out-of-fold predictions of all stages together for the TRAIN rows."""
    tried: dict[str, float]
    """By blend, the share that it is expected to certify."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    stage: Stage
    table: AgreementTable
    predictions: OofPredictions
    costly: bool
    coverage: float


def choose_stages(
    fitted: Sequence[FitResult], targets: Targets, plan: CertificationPlan, labels: int
) -> StageChoice:
    """Select the blend with the largest expected certified share, and a first stage.

    A transformer runs only for inputs that the cheap experts can neither answer nor
    defer to the teacher. The second of two cheap experts runs only for inputs that the
    first cannot decide.

    Args:
        fitted: All fitted experts.
        targets: Index of the answer of the teacher, shape (n,).
        plan: The parameters of the test.
        labels: Number of labels.
    """
    candidates = [
        _candidate(fitted, blend, targets, plan, labels)
        for blend in _blends(len(fitted))
    ]
    tried = {candidate.stage.name: candidate.coverage for candidate in candidates}
    cheap = _best([candidate for candidate in candidates if not candidate.costly])
    best = _best(candidates)
    last = cheap if best.coverage < cheap.coverage + _MIN_GAIN else best
    firsts = (
        [cheap]
        if last.costly
        else [candidate for candidate in candidates if _is_part(candidate, last)]
    )
    largest, choice = 0.0, StageChoice((last.stage,), last.predictions, tried)
    for first in firsts:
        stage = replace(first.stage, deferral_range=_deferral_range(first, last, plan))
        found = first.predictions
        deferred = defers_to_next_stage(stage, found.scores, found.in_distribution)
        decided_early = 1 - deferred.mean()
        if decided_early > largest:
            stages = (stage, last.stage)
            predictions = out_of_fold_predictions(
                stages, (first.table, last.table), targets
            )
            largest, choice = decided_early, StageChoice(stages, predictions, tried)
    return choice


def drop_unused_stages(
    stages: Sequence[Stage],
) -> tuple[tuple[Stage, ...], tuple[int, ...]]:
    """Return the renumbered stages, and the indexes of the experts that they use.

    An unused expert would only enlarge the bundle, such as a transformer without
    gain, or add a requirement, such as vectors with candidate input.
    """
    used = tuple(sorted({expert for stage in stages for expert in stage.experts}))
    place = {expert: at for at, expert in enumerate(used)}
    renumbered = tuple(
        replace(stage, experts=tuple(place[expert] for expert in stage.experts))
        for stage in stages
    )
    return renumbered, used


def _best(candidates: Sequence[_Candidate]) -> _Candidate:
    """Return the candidate with the largest coverage; if close, the most accurate."""
    largest = max(candidate.coverage for candidate in candidates)
    near = [
        candidate
        for candidate in candidates
        if candidate.coverage >= largest - _MIN_GAIN
    ]
    return max(near, key=lambda candidate: float(candidate.predictions.agreed.mean()))


def _blends(experts: int) -> Iterator[ExpertBlend]:
    for size in range(1, min(experts, max(_SHARES)) + 1):
        for chosen in combinations(range(experts), size):
            for shares in _SHARES[size]:
                yield ExpertBlend(chosen, shares)


def _candidate(
    fitted: Sequence[FitResult],
    blend: ExpertBlend,
    targets: Targets,
    plan: CertificationPlan,
    labels: int,
) -> _Candidate:
    table = build_agreement_table(fitted, blend)
    agreed = table.labels == targets
    stage = Stage(
        name=_name(fitted, blend),
        experts=blend.experts,
        weights=blend.weights,
        calibration=fit_calibration(table, agreed, labels),
        ood_threshold=ood_threshold(table, targets, labels),
    )
    predictions = out_of_fold_predictions((stage,), (table,), targets)
    costly = any(fitted[i].costly for i in blend.experts)
    return _Candidate(
        stage, table, predictions, costly, expected_coverage(predictions, plan)
    )


def _name(fitted: Sequence[FitResult], blend: ExpertBlend) -> str:
    shares = zip(blend.experts, blend.weights, strict=True)
    if len(blend.experts) == 1:
        return fitted[blend.experts[0]].name
    return " + ".join(f"{share:g} {fitted[i].name}" for i, share in shares)


def _is_part(candidate: _Candidate, last: _Candidate) -> bool:
    return set(candidate.stage.experts) < set(last.stage.experts)


def _deferral_range(
    first: _Candidate, last: _Candidate, plan: CertificationPlan
) -> tuple[float, float]:
    """Return the scores of an early stage between which the last stage decides."""
    lower, upper = _equal_range(first.predictions, last.predictions, plan)
    if not last.costly:
        return lower, upper
    return lower, min(upper, _high_agreement_score(first.predictions, plan))


def _equal_range(
    first: OofPredictions, last: OofPredictions, plan: CertificationPlan
) -> tuple[float, float]:
    """Return the scores outside of which two stages decide all TRAIN rows equally.

    If the last stage would answer too few rows, the range includes all scores.
    """
    threshold = expected_threshold(last, plan)
    if threshold is None:
        return 0.0, _UNREACHABLE
    answered = last.in_distribution & (last.scores >= threshold)
    if answered.sum() < _MIN_ANSWERED:
        return 0.0, _UNREACHABLE
    other = first.in_distribution & ~(answered & (first.labels == last.labels))
    lower = float(first.scores[answered].min())
    upper = float(np.nextafter(first.scores[other].max(initial=0.0), 1))
    return min(lower, threshold), max(upper, threshold)


def _high_agreement_score(
    predictions: OofPredictions, plan: CertificationPlan
) -> float:
    """Return the smallest score from which TRAIN agreement is far above the target."""
    curve = coverage_curve(predictions, predictions.in_distribution)
    required = plan.target + (1 - plan.target) / 2
    share = curve.agreed / np.maximum(curve.rows, 1)
    reached = np.flatnonzero((share >= required) & (curve.expected >= required))
    return float(curve.thresholds[reached[-1]]) if len(reached) else _UNREACHABLE
