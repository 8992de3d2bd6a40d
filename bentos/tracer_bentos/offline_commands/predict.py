"""Predictions of a bundle for input lines, identical to those of serving."""

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
    """The decision about one input, as the command prints it."""

    label: str
    """The predicted answer of the teacher."""
    accepted: bool
    """Whether the certified policy answers the input; otherwise the teacher does."""
    agreement: float
    """Calibrated probability that the teacher gives the same answer."""
    cell: str
    """The cell of the answer."""
    stage: str
    """Name of the stage that decided."""

    @classmethod
    def from_prediction(cls, prediction: SurrogatePrediction) -> Self:
        """Return the decision of a prediction."""
        return cls(
            label=prediction.label,
            accepted=prediction.accepted,
            agreement=prediction.score,
            cell=prediction.cell,
            stage=prediction.stage,
        )


@dataclass(frozen=True, slots=True)
class BatchPredictor:
    """A bundle and the redactor of the texts in training and certification."""

    predictor: BundlePredictor
    """The bundle."""
    redactor: Redactor
    """Redactor that is applied to each text first, as in serving."""

    @classmethod
    def open(cls, folder: Path, *, redacted: bool = False) -> Self:
        """Open the bundle in a folder.

        Args:
            folder: Folder that `fit` wrote.
            redacted: Whether the inputs are already redacted by the redactor of the
                bundle.

        Raises:
            InputError: The bundle is missing or invalid, or its redactor is not
                available.
        """
        try:
            predictor = open_bundle(folder)
        except DocumentError as error:
            raise InputError(f"{error}; name a folder that `fit` wrote") from error
        if redacted:
            return cls(predictor, build_redactor(Redaction(redactor=NO_REDACTOR)))
        return cls(predictor, _build_redactor(predictor.redaction))

    def decide_all(
        self, inputs: Iterable[PredictInput], vectors: PrecomputedVectors | None = None
    ) -> Iterator[DecisionRow]:
        """Yield the decisions about inputs, each as soon as the input arrives.

        Args:
            inputs: The inputs.
            vectors: Embeddings in the order of the inputs; by default those that come
                with the inputs.

        Raises:
            InputError: An input has no vector, or one of another length.
        """
        complete = inputs if vectors is None else _join_vectors(inputs, vectors)
        return map(self.decide, complete)

    def decide(self, line: PredictInput) -> DecisionRow:
        """Return the decision about one input.

        Raises:
            InputError: The input has no vector, or one of another length, or one with a
                number that is not finite.
        """
        length = self.predictor.vector_length
        vector = line.vector
        if length and (vector is None or vector.shape != (length,)):
            found = "has none" if vector is None else f"has {vector.size}"
            raise InputError(
                f"{line.where}: the bundle was trained on vectors of {length} numbers"
                f' that come with the inputs, but this input {found}; add "vector" to'
                " each object, or pass the vectors with --vectors"
            )
        if length and vector is not None and not np.isfinite(vector).all():
            raise InputError(
                f"{line.where}: the vector contains NaN or infinity; compute it again"
            )
        sample = FeatureSample(self.redactor.redact(line.text), vector)
        return DecisionRow.from_prediction(
            self.predictor.surrogate.decide_sample(sample)
        )


def _join_vectors(
    inputs: Iterable[PredictInput], vectors: PrecomputedVectors
) -> Iterator[PredictInput]:
    count = 0
    for line in inputs:
        yield line._replace(vector=vectors.row(count, line.where))
        count += 1
    vectors.require_row_count(count, "inputs")


def _build_redactor(identity: str) -> Redactor:
    redactor = build_redactor(Redaction(redactor=identity.partition("/")[0]))
    if redactor.identity != identity:
        raise InputError(
            f"the bundle was certified on texts redacted by {identity}, whose patterns"
            " are not in the bundle; redact the inputs with it and pass --redacted"
        )
    return redactor
