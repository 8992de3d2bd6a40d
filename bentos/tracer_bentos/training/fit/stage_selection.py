"""Which experts decide, and whether cheap ones decide alone where they are sure."""

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
"""Shares that are tried for blends of so many experts."""
_WORTH = 0.005
"""Gain of coverage for which a transformer is asked at all."""
_ENOUGH = 1_000
"""Rows answered of TRAIN from which one stage can be told to decide like another: of
what it has never decided otherwise in n rows, it will in 1 of n + 1."""
_NEVER = 2.0
"""A score that there is not."""


@dataclass(frozen=True, slots=True)
class StageChoice:
    """The stages and what they would do with the TRAIN rows."""

    stages: tuple[Stage, ...]
    """Cheap first."""
    outlook: OofPredictions
    """What both together make of the TRAIN rows, out of fold."""
    tried: dict[str, float]
    """By blend, the share that it was expected to certify."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    stage: Stage
    table: AgreementTable
    outlook: OofPredictions
    costly: bool
    reach: float


def choose_stages(
    fitted: Sequence[FitResult], targets: Targets, aim: CertificationPlan, labels: int
) -> StageChoice:
    """Choose the blend that is expected to certify most, and what is asked before it.

    A transformer is asked only where cheap experts can neither answer nor give up, and
    of two cheap experts the second only where the first cannot.
    """
    every = [
        _candidate(fitted, blend, targets, aim, labels)
        for blend in _blends(len(fitted))
    ]
    tried = {each.stage.name: each.reach for each in every}
    cheap = _best([each for each in every if not each.costly])
    best = _best(every)
    last = cheap if best.reach < cheap.reach + _WORTH else best
    firsts = [cheap] if last.costly else [each for each in every if _part(each, last)]
    most, choice = 0.0, StageChoice((last.stage,), last.outlook, tried)
    for first in firsts:
        stage = replace(first.stage, doubt=_doubt(first, last, aim))
        early = (
            1
            - defers_to_next_stage(
                stage, first.outlook.scores, first.outlook.known
            ).mean()
        )
        if early > most:
            stages = (stage, last.stage)
            outlook = out_of_fold_predictions(
                stages, (first.table, last.table), targets
            )
            most, choice = early, StageChoice(stages, outlook, tried)
    return choice


def drop_unused_stages(
    stages: Sequence[Stage],
) -> tuple[tuple[Stage, ...], tuple[int, ...]]:
    """Give the stages renumbered, and which experts they ask.

    An expert that no stage asks would only make the bundle large: a transformer that
    was tried in vain, or vectors that every input would have to bring.
    """
    asked = tuple(sorted({expert for stage in stages for expert in stage.experts}))
    place = {expert: at for at, expert in enumerate(asked)}
    renumbered = tuple(
        replace(stage, experts=tuple(place[expert] for expert in stage.experts))
        for stage in stages
    )
    return renumbered, asked


def _best(candidates: Sequence[_Candidate]) -> _Candidate:
    """Give the one with the greatest reach; of equal ones, which agrees most."""
    most = max(each.reach for each in candidates)
    near = [each for each in candidates if each.reach >= most - _WORTH]
    return max(near, key=lambda each: float(each.outlook.agreed.mean()))


def _blends(experts: int) -> Iterator[ExpertBlend]:
    for size in range(1, min(experts, max(_SHARES)) + 1):
        for chosen in combinations(range(experts), size):
            for shares in _SHARES[size]:
                yield ExpertBlend(chosen, shares)


def _candidate(
    fitted: Sequence[FitResult],
    blend: ExpertBlend,
    targets: Targets,
    aim: CertificationPlan,
    labels: int,
) -> _Candidate:
    table = build_agreement_table(fitted, blend)
    agreed = table.labels == targets
    stage = Stage(
        name=_name(fitted, blend),
        experts=blend.experts,
        weights=blend.weights,
        calibration=fit_calibration(table, agreed, labels),
        floor=ood_threshold(table, targets, labels),
    )
    outlook = out_of_fold_predictions((stage,), (table,), targets)
    costly = any(fitted[i].costly for i in blend.experts)
    return _Candidate(stage, table, outlook, costly, expected_coverage(outlook, aim))


def _name(fitted: Sequence[FitResult], blend: ExpertBlend) -> str:
    shares = zip(blend.experts, blend.weights, strict=True)
    if len(blend.experts) == 1:
        return fitted[blend.experts[0]].name
    return " + ".join(f"{share:g} {fitted[i].name}" for i, share in shares)


def _part(candidate: _Candidate, last: _Candidate) -> bool:
    return set(candidate.stage.experts) < set(last.stage.experts)


def _doubt(
    first: _Candidate, last: _Candidate, aim: CertificationPlan
) -> tuple[float, float]:
    """Give the scores of an early stage between which the last stage is asked."""
    hopeless, sure = _alike(first.outlook, last.outlook, aim)
    return hopeless, min(sure, _good(first.outlook, aim)) if last.costly else sure


def _alike(
    first: OofPredictions, last: OofPredictions, aim: CertificationPlan
) -> tuple[float, float]:
    """Give the scores beyond which two stages decide every TRAIN row alike.

    Where the last would answer too few to tell, no score is beyond.
    """
    threshold = expected_threshold(last, aim)
    if threshold is None:
        return 0.0, _NEVER
    answered = last.known & (last.scores >= threshold)
    if answered.sum() < _ENOUGH:
        return 0.0, _NEVER
    other = first.known & ~(answered & (first.labels == last.labels))
    hopeless = float(first.scores[answered].min())
    sure = float(np.nextafter(first.scores[other].max(initial=0.0), 1))
    return min(hopeless, threshold), max(sure, threshold)


def _good(outlook: OofPredictions, aim: CertificationPlan) -> float:
    """Give the least score from which TRAIN rows agree by far more than the target."""
    reach = coverage_curve(outlook, outlook.known)
    wanted = aim.target + (1 - aim.target) / 2
    share = reach.agreed / np.maximum(reach.rows, 1)
    good = np.flatnonzero((share >= wanted) & (reach.expected >= wanted))
    return float(reach.thresholds[good[-1]]) if len(good) else _NEVER
