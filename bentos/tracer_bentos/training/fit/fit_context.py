"""The prepared rows of one attempt, and the fits to parts of them."""

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
"""Predicted power from which more TRAIN rows gain more than more certify rows. The
prediction is optimistic."""


@dataclass(frozen=True, slots=True)
class TrainingContext:
    """The engine and the encoders of an attempt."""

    engine: ComputeEngine
    """Computes the pieces."""
    encoder_specs: tuple[EncoderSpec, ...] = ()
    """Encoders of the experts beside the expert on words."""


@dataclass(frozen=True, slots=True)
class FittedExperts:
    """All fitted experts, before stages are chosen from them."""

    labels: tuple[str, ...]
    """The answers of the teacher, by index."""
    training: TrainingTargets
    """The targets of the fits."""
    fitted: Sequence[FitResult]
    """The experts, cheap ones first."""


@dataclass(frozen=True, slots=True)
class FitContext:
    """The data that all fits of one attempt share."""

    parameters: AttemptParameters
    """The terms of the attempt."""
    rows: Mapping[int, Row]
    """All rows of the splits, by position in the row set."""
    narrow: RowSplit
    """The split with the fewest certify rows, so with all rows that can train."""
    context: TrainingContext
    """The engine and the encoders."""
    features: FeatureSet
    """Features of the TRAIN rows of `narrow`."""

    @classmethod
    def create(
        cls,
        parameters: AttemptParameters,
        rows: Mapping[int, Row],
        narrow: RowSplit,
        context: TrainingContext,
    ) -> Self:
        """Compute the features of the rows."""
        samples = [rows[i].sample for i in narrow.train]
        features = prepare_features(samples, context.encoder_specs, context.engine)
        return cls(parameters, rows, narrow, context, features)

    def is_safe(self, wide: RowSplit) -> bool:
        """Return whether the test almost certainly passes on the fewest certify rows.

        The decision uses only the oldest rows, so it uses no row on which one of the
        two splits can certify.
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
        """Fit all experts to the TRAIN rows of a split."""
        labels, training = self._training_targets(split)
        fitted = fit_experts(
            self._features(split),
            self.context.encoder_specs,
            training,
            self.context.engine,
        )
        return FittedExperts(labels, training, fitted)

    def fit(self, split: RowSplit) -> tuple[Surrogate, PolicyFamily]:
        """Return the surrogate, not yet certified, and the policies to test."""
        fits = self.fit_experts(split)
        labels, fitted = fits.labels, fits.fitted
        plan = self._plan(split)
        choice = choose_stages(fitted, fits.training.targets, plan, len(labels))
        family = build_policy_family(choice.predictions, plan, len(labels))
        strictest = family.policies[family.chain.start]
        stages, expert_indexes = drop_unused_stages(choice.stages)
        experts = tuple(fitted[i].expert for i in expert_indexes)
        return Surrogate(labels, experts, stages, strictest), family

    def _plan(self, split: RowSplit) -> CertificationPlan:
        parameters = self.parameters
        return CertificationPlan(
            parameters.target,
            parameters.level,
            len(split.certify),
            parameters.strict,
        )

    def _training_targets(
        self, split: RowSplit
    ) -> tuple[tuple[str, ...], TrainingTargets]:
        answers = [self.rows[i].label or "" for i in split.train]
        labels = tuple(sorted(set(answers)))
        index = {label: place for place, label in enumerate(labels)}
        targets = np.array([index[label] for label in answers])
        seed = self.parameters.seed % 2**31
        return labels, TrainingTargets(targets, split.groups, len(labels), seed)

    def _features(self, split: RowSplit) -> FeatureSet:
        positions = {row: place for place, row in enumerate(self.narrow.train)}
        return self.features.take([positions[row] for row in split.train])
