"""The surrogate: experts, the blend of their scores, and the rule for answering.

A surrogate decides in one stage or two. The first stage uses fewer or cheaper experts,
and its decision is final if its score is very high or very low. Otherwise the second
stage decides with all experts. Both stages together are one policy, certified as one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.base.expert import Expert, ExpertScores
from tracer_bentos.surrogate.base.sample import FeatureSample

__all__ = [
    "DIGITS",
    "SHARPNESS",
    "TOP_K",
    "AcceptancePolicy",
    "AgreementCalibration",
    "AgreementFeatures",
    "Stage",
    "StageDecision",
    "Surrogate",
    "SurrogatePrediction",
    "agreement_features",
    "blend",
]

TOP_K = 5
"""Number of labels with the highest scores that count as rivals, including the
predicted label."""
SHARPNESS = 6.0
"""How fast the weight of a rival label decreases with the difference of scores."""
DIGITS = 9
"""Scores are rounded to these digits: implementations of exp differ in the sixteenth
digit."""

_MAX_LOG_ODDS = 40.0
"""Limit of the log-odds in both directions, so that exp cannot overflow."""


class SurrogatePrediction(NamedTuple):
    """The prediction of a surrogate for one input."""

    label: str
    """The predicted answer of the teacher."""
    score: float
    """Calibrated probability that the teacher gives the same answer."""
    accepted: bool
    """Whether the certified policy returns the prediction as the answer."""
    cell: str
    """The cell of the answer."""
    stage: str = ""
    """Name of the stage that decided."""


class AgreementFeatures(NamedTuple):
    """The features from which the acceptance score is computed."""

    label: int
    """Index of the predicted label."""
    numbers: tuple[float, ...]
    """Score of that label, its margin, and the weight of its rivals; then, for each
    expert, the similarity of the input to the training data and, with several experts,
    the score of that label minus the highest score of the expert."""

    @property
    def top(self) -> float:
        """The score of the predicted label; low if no label is known to fit."""
        return self.numbers[0]


@dataclass(frozen=True, slots=True)
class AgreementCalibration:
    """A logistic model of the probability that the teacher agrees."""

    weights: tuple[float, ...]
    """One weight for each feature, and one for the log-odds of the cell."""
    intercept: float
    """The constant term."""
    cells: tuple[float, ...]
    """Log-odds of agreement by cell, shrunk, from out-of-fold predictions."""

    def score(self, features: AgreementFeatures) -> float:
        """Return the acceptance score of one prediction."""
        numbers = (*features.numbers, self.cells[features.label])
        log_odds = self.intercept
        for weight, number in zip(self.weights, numbers, strict=True):
            log_odds += weight * number
        bounded = max(min(log_odds, _MAX_LOG_ODDS), -_MAX_LOG_ODDS)
        return round(1 / (1 + math.exp(-bounded)), DIGITS)


@dataclass(frozen=True, slots=True)
class Stage:
    """A blend of some of the experts."""

    name: str
    """Name for people: the experts of the stage."""
    experts: tuple[int, ...]
    """Indexes of the experts."""
    weights: tuple[float, ...]
    """Weight of each expert in the blend."""
    calibration: AgreementCalibration
    """Model of the probability of agreement."""
    ood_threshold: float
    """Least score of the predicted label. An input below it fits no label, so the
    teacher answers it. Kernel ridge regression decreases to 0 far from its landmarks,
    so this score detects novelty better than the distance to the nearest landmark."""
    deferral_range: tuple[float, float] | None = None
    """Lower and upper score between which the next stage decides. The next stage also
    decides at or above the upper score if no label is known to fit. None for the last
    stage."""

    def in_distribution(self, features: AgreementFeatures) -> bool:
        """Return whether some label is known to fit an input."""
        return features.top >= self.ood_threshold

    def decide(self, features: AgreementFeatures) -> "StageDecision":
        """Return the decision of this stage from the features of one input."""
        return StageDecision(
            self.name,
            features.label,
            self.calibration.score(features),
            self.in_distribution(features),
        )

    def defers(self, decision: "StageDecision") -> bool:
        """Return whether the next stage must decide."""
        if self.deferral_range is None:
            return False
        lower, upper = self.deferral_range
        is_final = decision.in_distribution and decision.score >= upper
        return decision.score >= lower and not is_final


class StageDecision(NamedTuple):
    """The decision of one stage, before the policy is applied."""

    stage: str
    """Name of the stage."""
    label: int
    """Index of the predicted label."""
    score: float
    """Calibrated probability of agreement."""
    in_distribution: bool
    """Whether some label is known to fit the input."""


@dataclass(frozen=True, slots=True)
class AcceptancePolicy:
    """The rule that selects the predictions that are returned as answers."""

    threshold: float
    """Least acceptance score."""
    open_cells: tuple[bool, ...]
    """By label, whether the cell is answered at all."""

    def passes_gate(self, decision: StageDecision) -> bool:
        """Return whether some label fits and the cell is open, for any score."""
        return decision.in_distribution and self.open_cells[decision.label]

    def accepts(self, decision: StageDecision) -> bool:
        """Return whether the prediction is returned as the answer."""
        return decision.score >= self.threshold and self.passes_gate(decision)


@dataclass(frozen=True, slots=True)
class Surrogate:
    """Experts, stages, and policy: all that a decision depends on."""

    labels: tuple[str, ...]
    """The answers that it can give."""
    experts: tuple[Expert, ...]
    """The experts."""
    stages: tuple[Stage, ...]
    """The stages in their order, cheap first."""
    policy: AcceptancePolicy
    """The rule for answering."""

    @property
    def encoders(self) -> tuple[Encoder, ...]:
        """Encoders of the experts, in the order of the experts."""
        encoders = (expert.encoder for expert in self.experts)
        return tuple(encoder for encoder in encoders if encoder is not None)

    @property
    def vector_length(self) -> int | None:
        """Length of the vector that must come with each input; none without vectors."""
        lengths = (encoder.vector_length for encoder in self.encoders)
        return next((length for length in lengths if length is not None), None)

    @property
    def costly(self) -> bool:
        """Whether a decision may take milliseconds: a transformer or an endpoint."""
        return any(encoder.costly for encoder in self.encoders)

    @property
    def remote(self) -> bool:
        """Whether a decision may send a request over the network."""
        return any(encoder.remote for encoder in self.encoders)

    @property
    def deterministic(self) -> bool:
        """Whether every machine computes the same bits."""
        return all(encoder.deterministic for encoder in self.encoders)

    @property
    def tokens_used(self) -> int:
        """Billed tokens that remote services reported to this process."""
        return sum(encoder.tokens_used for encoder in self.encoders)

    def decide(self, text: str) -> SurrogatePrediction:
        """Return the prediction for one text."""
        return self.decide_sample(FeatureSample(text))

    def decide_sample(self, sample: FeatureSample) -> SurrogatePrediction:
        """Return the prediction for one input."""
        return self._prediction(self.decide_stages([sample])[0])

    def decide_all(self, texts: Sequence[str]) -> list[SurrogatePrediction]:
        """Return the predictions for texts, bit for bit as if each were alone."""
        decisions = self.decide_stages([FeatureSample(text) for text in texts])
        return [self._prediction(decision) for decision in decisions]

    def decide_stages(self, samples: Sequence[FeatureSample]) -> list[StageDecision]:
        """Return the decision of the final stage for each input, without the policy.

        Each expert scores an input at most once, and only in a stage that needs it.
        """
        decisions: dict[int, StageDecision] = {}
        scores: dict[tuple[int, int], ExpertScores] = {}
        undecided = list(range(len(samples)))
        for stage in self.stages:
            for expert in stage.experts:
                new = [i for i in undecided if (expert, i) not in scores]
                if new:
                    batch = self.experts[expert].score_batch([samples[i] for i in new])
                    scores.update(zip([(expert, i) for i in new], batch, strict=True))
            for i in undecided:
                own = [scores[expert, i] for expert in stage.experts]
                decisions[i] = stage.decide(agreement_features(own, stage.weights))
            undecided = [i for i in undecided if stage.defers(decisions[i])]
        return [decisions[i] for i in range(len(samples))]

    def _prediction(self, decision: StageDecision) -> SurrogatePrediction:
        label = self.labels[decision.label]
        return SurrogatePrediction(
            label=label,
            score=decision.score,
            accepted=self.policy.accepts(decision),
            cell=label,
            stage=decision.stage,
        )


def blend(
    expert_scores: Sequence[ExpertScores], weights: Sequence[float]
) -> NDArray[np.float64]:
    """Return the weighted sum of the scores of experts, shape (labels,)."""
    total = expert_scores[0].scores * weights[0]
    for expert, weight in zip(expert_scores[1:], weights[1:], strict=True):
        total = total + expert.scores * weight
    return total


def agreement_features(
    expert_scores: Sequence[ExpertScores], weights: Sequence[float]
) -> AgreementFeatures:
    """Return the features of one input from the scores of its experts."""
    scores = blend(expert_scores, weights)
    label = int(scores.argmax())
    ordered = scores.copy()
    ordered.sort()
    best = ordered[: -TOP_K - 1 : -1].tolist()
    rivals = sum(math.exp(SHARPNESS * (other - best[0])) for other in best[1:])
    numbers = [best[0], best[0] - best[1], rivals]
    for expert in expert_scores:
        numbers.append(expert.similarity)
        if len(expert_scores) > 1:
            numbers.append(float(expert.scores[label] - expert.scores.max()))
    return AgreementFeatures(label, tuple(numbers))
