"""Which experts decide, and whether cheap ones decide alone where they are sure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from tracer_bentos.packaging.surrogate import Stage
from tracer_bentos.training.acceptance import Aim, expected_reach
from tracer_bentos.training.calibration import fit_calibration
from tracer_bentos.training.fitted import Fitted, Targets
from tracer_bentos.training.gate import floor_of
from tracer_bentos.training.judging import Blend, Table, tabulate
from tracer_bentos.training.outlook import Outlook, judge_rows, reach_of

__all__ = ["Choice", "choose_stages", "only_asked"]

_SHARES = {1: ((1.0,),), 2: ((0.3, 0.7), (0.5, 0.5), (0.7, 0.3)), 3: ((0.2, 0.3, 0.5),)}
"""Shares that are tried for blends of so many experts."""
_WORTH = 0.005
"""Gain of coverage for which a transformer is asked at all."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The stages and what they would do with the TRAIN rows."""

    stages: tuple[Stage, ...]
    """Cheap first."""
    outlook: Outlook
    """What both together make of the TRAIN rows, out of fold."""
    tried: dict[str, float]
    """By blend, the share that it was expected to certify."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    stage: Stage
    table: Table
    outlook: Outlook
    costly: bool
    reach: float


def choose_stages(
    fitted: Sequence[Fitted], targets: Targets, aim: Aim, labels: int
) -> Choice:
    """Choose the blend that is expected to certify most, cheap ones where they do."""
    every = [
        _candidate(fitted, blend, targets, aim, labels)
        for blend in _blends(len(fitted))
    ]
    tried = {each.stage.name: each.reach for each in every}
    cheap = _best([each for each in every if not each.costly])
    best = _best(every)
    if best.reach < cheap.reach + _WORTH:
        return Choice((cheap.stage,), cheap.outlook, tried)
    first = _sure(cheap, aim)
    if first is None or not best.costly:
        return Choice((best.stage,), best.outlook, tried)
    stages = (first, best.stage)
    outlook = judge_rows(stages, (cheap.table, best.table), targets)
    return Choice(stages, outlook, tried)


def only_asked(stages: Sequence[Stage]) -> tuple[tuple[Stage, ...], tuple[int, ...]]:
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


def _blends(experts: int) -> Iterator[Blend]:
    for size in range(1, min(experts, max(_SHARES)) + 1):
        for chosen in combinations(range(experts), size):
            for shares in _SHARES[size]:
                yield Blend(chosen, shares)


def _candidate(
    fitted: Sequence[Fitted], blend: Blend, targets: Targets, aim: Aim, labels: int
) -> _Candidate:
    table = tabulate(fitted, blend)
    agreed = table.labels == targets
    stage = Stage(
        name=_name(fitted, blend),
        experts=blend.experts,
        weights=blend.weights,
        calibration=fit_calibration(table, agreed, labels),
        floor=floor_of(table, targets, labels),
        sure=0.0,
    )
    outlook = judge_rows((stage,), (table,), targets)
    costly = any(fitted[i].costly for i in blend.experts)
    return _Candidate(stage, table, outlook, costly, expected_reach(outlook, aim))


def _name(fitted: Sequence[Fitted], blend: Blend) -> str:
    shares = zip(blend.experts, blend.weights, strict=True)
    if len(blend.experts) == 1:
        return fitted[blend.experts[0]].name
    return " + ".join(f"{share:g} {fitted[i].name}" for i, share in shares)


def _sure(candidate: _Candidate, aim: Aim) -> Stage | None:
    """Give the cheap stage with the least score at which it may answer alone."""
    reach = reach_of(candidate.outlook, candidate.outlook.known)
    wanted = aim.target + (1 - aim.target) / 2
    share = reach.agreed / np.maximum(reach.rows, 1)
    good = np.flatnonzero((share >= wanted) & (reach.expected >= wanted))
    if not len(good):
        return None
    stage, sure = candidate.stage, float(reach.thresholds[good[-1]])
    return Stage(
        stage.name,
        stage.experts,
        stage.weights,
        stage.calibration,
        stage.floor,
        sure,
    )
