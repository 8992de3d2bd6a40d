"""The rows of one attempt, made ready once, and the fits to parts of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from tracer_bentos.surrogate.surrogate import Surrogate
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.row import Row
from tracer_bentos.training.data.split import RowSplit
from tracer_bentos.training.engine.engine import ComputeEngine
from tracer_bentos.training.fit.experts.expert_fitting import (
    EncoderSpec,
    FeatureSet,
    fit_experts,
    prepare_features,
)
from tracer_bentos.training.fit.experts.fit_result import FitResult, TrainingTargets
from tracer_bentos.training.fit.stage_selection import choose_stages, drop_unused_stages
from tracer_bentos.training.fit.threshold_selection import (
    CertificationPlan,
    PolicyFamily,
    build_policy_family,
)

__all__ = ["FitContext", "FittedExperts", "TrainingContext"]

_PILOT_ROWS = 2_000
_SAFE = 0.98
"""Predicted power from which more training gains more than more test; optimistic."""


@dataclass(frozen=True, slots=True)
class TrainingContext:
    """What an attempt is made with; none of it changes what is asked."""

    engine: ComputeEngine
    """Where pieces are computed."""
    views: tuple[EncoderSpec, ...] = ()
    """Encoders that experts may use, beside the one on words."""


@dataclass(frozen=True, slots=True)
class FittedExperts:
    """Every expert, fitted, before any is chosen."""

    labels: tuple[str, ...]
    """The teacher's answers, by index."""
    learnable: TrainingTargets
    """What the experts were fitted to."""
    fitted: Sequence[FitResult]
    """The experts, cheap ones first."""


@dataclass(frozen=True, slots=True)
class FitContext:
    """Everything that fits share."""

    question: AttemptParameters
    """The terms of the attempt."""
    rows: Mapping[int, Row]
    """Every row of the splits, by its position."""
    narrow: RowSplit
    """The split with the fewest certify rows, so with all that may ever train."""
    means: TrainingContext
    """What to fit with."""
    material: FeatureSet
    """The TRAIN rows of `narrow` as the experts take them."""

    @classmethod
    def create(
        cls,
        question: AttemptParameters,
        rows: Mapping[int, Row],
        narrow: RowSplit,
        means: TrainingContext,
    ) -> Self:
        """Make the rows ready."""
        samples = [rows[i].sample for i in narrow.train]
        material = prepare_features(samples, means.views, means.engine)
        return cls(question, rows, narrow, means, material)

    def is_safe(self, wide: RowSplit) -> bool:
        """Tell whether the test passes almost surely on the fewest certify rows.

        Decided on the oldest rows alone, so both splits keep every row that either may
        certify on out of it.
        """
        oldest = replace(
            wide,
            train=wide.train[-_PILOT_ROWS:],
            groups=wide.groups[-_PILOT_ROWS:],
            certify=self.narrow.certify,
        )
        if len({self.rows[i].label for i in oldest.train}) == 1:
            return False  # one label cannot be fitted, so nothing can be predicted
        _, family = self.fit(oldest)
        return family.power >= _SAFE

    def fit_experts(self, split: RowSplit) -> FittedExperts:
        """Fit every expert to the rows of a split that train."""
        labels, learnable = self._learnable(split)
        fitted = fit_experts(
            self._material(split), self.means.views, learnable, self.means.engine
        )
        return FittedExperts(labels, learnable, fitted)

    def fit(self, split: RowSplit) -> tuple[Surrogate, PolicyFamily]:
        """Give the surrogate, not yet certified, and the policies to be tested."""
        lessons = self.fit_experts(split)
        labels, fitted = lessons.labels, lessons.fitted
        aim = self._aim(split)
        choice = choose_stages(fitted, lessons.learnable.targets, aim, len(labels))
        family = build_policy_family(choice.outlook, aim, len(labels))
        strictest = family.policies[family.chain.start]
        stages, asked = drop_unused_stages(choice.stages)
        experts = tuple(fitted[i].expert for i in asked)
        return Surrogate(labels, experts, stages, strictest), family

    def _aim(self, split: RowSplit) -> CertificationPlan:
        asked = self.question
        return CertificationPlan(
            asked.target, asked.level, len(split.certify), asked.strict
        )

    def _learnable(self, split: RowSplit) -> tuple[tuple[str, ...], TrainingTargets]:
        given = [self.rows[i].label or "" for i in split.train]
        labels = tuple(sorted(set(given)))
        index = {label: at for at, label in enumerate(labels)}
        targets = np.array([index[label] for label in given])
        seed = self.question.seed % 2**31
        return labels, TrainingTargets(targets, split.groups, len(labels), seed)

    def _material(self, split: RowSplit) -> FeatureSet:
        places = {row: at for at, row in enumerate(self.narrow.train)}
        return self.material.take([places[row] for row in split.train])
