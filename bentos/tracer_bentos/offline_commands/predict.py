"""Decisions of a bundle about inputs at hand, exactly as serving would decide."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from tracer_bentos.bundle.bundle import BundlePredictor, open_bundle
from tracer_bentos.offline_commands.inputs import PredictInput, open_inputs, read_inputs
from tracer_bentos.redaction.redactor import Redactor, build_redactor
from tracer_bentos.surrogate.base.sample import FeatureSample
from tracer_bentos.surrogate.surrogate import SurrogatePrediction
from tracer_bentos.training.data.vectors import PrecomputedVectors, open_vectors
from tracer_core.contracts.redaction import NO_REDACTOR, Redaction
from tracer_core.errors import DocumentError, InputError

__all__ = [
    "BatchPredictor",
    "DecisionRow",
    "open_inputs",
    "open_vectors",
    "read_inputs",
]


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """What is printed about one input."""

    label: str
    """The teacher's answer as predicted."""
    accepted: bool
    """Whether the certified policy answers it; else it goes to the teacher."""
    agreement: float
    """Calibrated probability that the teacher would say the same."""
    cell: str
    """The cell of the answer."""
    stage: str
    """The stage of the cascade that decided."""

    @classmethod
    def from_prediction(cls, found: SurrogatePrediction) -> Self:
        """Take it from a prediction."""
        return cls(found.label, found.accepted, found.score, found.cell, found.stage)


@dataclass(frozen=True, slots=True)
class BatchPredictor:
    """A bundle, and the redactor of the texts that it was certified on."""

    predictor: BundlePredictor
    """The bundle."""
    redactor: Redactor
    """What every text goes through first, as when serving."""

    @classmethod
    def open(cls, folder: Path, *, redacted: bool = False) -> Self:
        """Open the bundle in a folder.

        Args:
            folder: Where `fit` wrote it.
            redacted: Whether the inputs went through the bundle's redactor already.

        Raises:
            InputError: There is no whole bundle, or its redactor is not at hand.
        """
        try:
            predictor = open_bundle(folder)
        except DocumentError as error:
            raise InputError(f"{error}: name a folder that `fit` wrote") from error
        if redacted:
            return cls(predictor, build_redactor(Redaction(redactor=NO_REDACTOR)))
        return cls(predictor, _redactor(predictor.redaction))

    def decide_all(
        self, inputs: Iterable[PredictInput], vectors: PrecomputedVectors | None = None
    ) -> Iterator[DecisionRow]:
        """Decide inputs one by one, as they come.

        Raises:
            InputError: An input lacks its vector, or has one of another length.
        """
        given = inputs if vectors is None else _joined(inputs, vectors)
        return map(self.decide, given)

    def decide(self, asked: PredictInput) -> DecisionRow:
        """Decide one input.

        Raises:
            InputError: It lacks its vector, or has one of another length.
        """
        wanted = self.predictor.vector_length
        vector = asked.vector
        if wanted and (vector is None or vector.shape != (wanted,)):
            has = "has none" if vector is None else f"has {vector.size}"
            raise InputError(
                f"{asked.where}: the bundle was trained on vectors of {wanted} numbers"
                f' that come with the inputs, this one {has}: add "vector" to each'
                " object, or name the vectors by --vectors"
            )
        if wanted and vector is not None and not np.isfinite(vector).all():
            raise InputError(
                f"{asked.where}: the vector holds what is no finite number"
            )
        text = self.redactor.redact(asked.text)
        found = self.predictor.surrogate.decide_sample(FeatureSample(text, vector))
        return DecisionRow.from_prediction(found)


def _joined(
    inputs: Iterable[PredictInput], vectors: PrecomputedVectors
) -> Iterator[PredictInput]:
    count = 0
    for asked in inputs:
        yield asked._replace(vector=vectors.row(count, asked.where))
        count += 1
    vectors.expect(count, "inputs")


def _redactor(identity: str) -> Redactor:
    found = build_redactor(Redaction(redactor=identity.partition("/")[0]))
    if found.identity != identity:
        raise InputError(
            f"the bundle was certified on texts redacted by {identity}, which cannot be"
            " made from the bundle alone: redact the inputs so, and say --redacted"
        )
    return found
