"""The surrogate: experts, how their opinions are blended, and when it answers.

A surrogate decides in one stage or two. The first asks fewer experts or cheaper ones,
and its score is the last word where it is very high or very low; where it is in doubt
the second asks all. Both together are one policy, certified as one.
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
"""The predicted label and those next to it that count as near."""
SHARPNESS = 6.0
"""How fast a rival's weight falls with its distance."""
DIGITS = 9
"""Scores are rounded: libraries of mathematics differ in the sixteenth digit."""


class SurrogatePrediction(NamedTuple):
    """What the surrogate says about one input."""

    label: str
    """The teacher's answer as predicted."""
    score: float
    """Calibrated probability that the teacher would say the same."""
    accepted: bool
    """Whether the certified policy answers it."""
    cell: str
    """The cell of the answer."""
    stage: str = ""
    """The stage that decided."""


class AgreementFeatures(NamedTuple):
    """What the acceptance score is made of."""

    label: int
    """Index of the predicted label."""
    numbers: tuple[float, ...]
    """Score of that label, its margin, how near rivals are; then for each expert how
    familiar the input is and by how much it would have preferred another label."""

    @property
    def top(self) -> float:
        """The score of the predicted label: low where no label is known to fit."""
        return self.numbers[0]


@dataclass(frozen=True, slots=True)
class AgreementCalibration:
    """From signals to the probability that the teacher agrees."""

    weights: tuple[float, ...]
    """One for each number of the signals, and one for the cell's own log-odds."""
    intercept: float
    """The constant term."""
    cells: tuple[float, ...]
    """Log-odds of agreement of each cell, shrunk, out of fold."""

    def score(self, signals: AgreementFeatures) -> float:
        """Give the acceptance score of one prediction."""
        numbers = (*signals.numbers, self.cells[signals.label])
        total = self.intercept
        for weight, number in zip(self.weights, numbers, strict=True):
            total += weight * number
        return round(1 / (1 + math.exp(-max(min(total, 40.0), -40.0))), DIGITS)


@dataclass(frozen=True, slots=True)
class Stage:
    """Some of the experts, blended."""

    name: str
    """Its name, for people: the experts that are asked."""
    experts: tuple[int, ...]
    """Which experts, by index."""
    weights: tuple[float, ...]
    """The share of each in the blend."""
    calibration: AgreementCalibration
    """How probable agreement is."""
    floor: float
    """Least score of the predicted label: what fits no label goes to the teacher.
    Kernel ridge falls to 0 away from its landmarks, so this sees novelty better than
    the distance to the nearest one."""
    doubt: tuple[float, float] | None = None
    """From the first score up to the second the next stage decides, and beyond it where
    no label is known to fit; none for the last stage, which has no next."""

    def in_distribution(self, signals: AgreementFeatures) -> bool:
        """Tell whether some label is known to fit an input."""
        return signals.top >= self.floor

    def judge(self, signals: AgreementFeatures) -> "StageDecision":
        """Give what this stage makes of its experts' signals."""
        known, score = self.in_distribution(signals), self.calibration.score(signals)
        return StageDecision(self.name, signals.label, score, known)

    def defers(self, judgement: "StageDecision") -> bool:
        """Tell whether the next stage has to decide."""
        if self.doubt is None:
            return False
        hopeless, sure = self.doubt
        score = judgement.score
        return score >= hopeless and not (judgement.known and score >= sure)


class StageDecision(NamedTuple):
    """What the stage that decided found."""

    stage: str
    """Name of the stage."""
    label: int
    """Index of the predicted label."""
    score: float
    """Calibrated probability of agreement."""
    known: bool
    """Whether some label is known to fit the input."""


@dataclass(frozen=True, slots=True)
class AcceptancePolicy:
    """Which predictions are given as answers."""

    threshold: float
    """Least acceptance score."""
    open_cells: tuple[bool, ...]
    """By label, whether its cell is answered at all."""

    def passes_gate(self, judgement: StageDecision) -> bool:
        """Tell whether an input is familiar and its cell open, whatever its score."""
        return judgement.known and self.open_cells[judgement.label]

    def accepts(self, judgement: StageDecision) -> bool:
        """Tell whether a prediction is given as the answer."""
        return judgement.score >= self.threshold and self.passes_gate(judgement)


@dataclass(frozen=True, slots=True)
class Surrogate:
    """Experts, stages and policy: all that decides."""

    labels: tuple[str, ...]
    """The teacher's answers that it can give."""
    experts: tuple[Expert, ...]
    """Who is asked."""
    stages: tuple[Stage, ...]
    """In which order, and how they are blended; cheap first."""
    policy: AcceptancePolicy
    """Whether to answer."""

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
        """Decide about one text."""
        return self.decide_sample(FeatureSample(text))

    def decide_sample(self, sample: FeatureSample) -> SurrogatePrediction:
        """Decide about one input."""
        return self._prediction(self.judge_all([sample])[0])

    def decide_all(self, texts: Sequence[str]) -> list[SurrogatePrediction]:
        """Decide about many texts, each exactly as if it came alone."""
        found = self.judge_all([FeatureSample(text) for text in texts])
        return [self._prediction(judgement) for judgement in found]

    def judge_all(self, samples: Sequence[FeatureSample]) -> list[StageDecision]:
        """Give what the deciding stage found for each, before the policy is asked."""
        found: dict[int, StageDecision] = {}
        asked: dict[tuple[int, int], ExpertScores] = {}
        left = list(range(len(samples)))
        for stage in self.stages:
            for expert in stage.experts:
                new = [at for at in left if (expert, at) not in asked]
                if new:
                    said = self.experts[expert].score_batch([samples[at] for at in new])
                    asked.update(zip([(expert, at) for at in new], said, strict=True))
            for at in left:
                opinions = [asked[expert, at] for expert in stage.experts]
                found[at] = stage.judge(agreement_features(opinions, stage.weights))
            left = [at for at in left if stage.defers(found[at])]
        return [found[at] for at in range(len(samples))]

    def _prediction(self, found: StageDecision) -> SurrogatePrediction:
        label = self.labels[found.label]
        return SurrogatePrediction(
            label=label,
            score=found.score,
            accepted=self.policy.accepts(found),
            cell=label,
            stage=found.stage,
        )


def blend(
    opinions: Sequence[ExpertScores], weights: Sequence[float]
) -> NDArray[np.float64]:
    """Give the blended score of each label."""
    total = opinions[0].scores * weights[0]
    for opinion, weight in zip(opinions[1:], weights[1:], strict=True):
        total = total + opinion.scores * weight
    return total


def agreement_features(
    opinions: Sequence[ExpertScores], weights: Sequence[float]
) -> AgreementFeatures:
    """Give the signals of one input from its experts' opinions."""
    scores = blend(opinions, weights)
    label = int(scores.argmax())
    ordered = scores.copy()
    ordered.sort()
    best = ordered[: -TOP_K - 1 : -1].tolist()
    rivals = sum(math.exp(SHARPNESS * (other - best[0])) for other in best[1:])
    numbers = [best[0], best[0] - best[1], rivals]
    for opinion in opinions:
        numbers.append(opinion.similarity)
        if len(opinions) > 1:
            numbers.append(float(opinion.scores[label] - opinion.scores.max()))
    return AgreementFeatures(label, tuple(numbers))
