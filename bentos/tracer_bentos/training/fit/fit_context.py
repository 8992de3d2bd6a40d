"""The rows of one attempt, made ready once, and the fits to parts of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from tracer_bentos.surrogate.surrogate import Surrogate
from tracer_bentos.training.data.attempt_spec import Question
from tracer_bentos.training.data.row import Row
from tracer_bentos.training.data.split import Split
from tracer_bentos.training.engine.engine import Engine
from tracer_bentos.training.fit.experts.expert_fitting import (
    Material,
    View,
    fit_experts,
    prepare,
)
from tracer_bentos.training.fit.experts.fit_result import Fitted, Learnable
from tracer_bentos.training.fit.stage_selection import choose_stages, only_asked
from tracer_bentos.training.fit.threshold_selection import Aim, Family, build_family

__all__ = ["Lessons", "Means", "Workbench"]

_PILOT_ROWS = 2_000
_SAFE = 0.98
"""Predicted power from which more training gains more than more test; optimistic."""


@dataclass(frozen=True, slots=True)
class Means:
    """What an attempt is made with; none of it changes what is asked."""

    engine: Engine
    """Where pieces are computed."""
    views: tuple[View, ...] = ()
    """Encoders that experts may use, beside the one on words."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """Every expert, fitted, before any is chosen."""

    labels: tuple[str, ...]
    """The teacher's answers, by index."""
    learnable: Learnable
    """What the experts were fitted to."""
    fitted: Sequence[Fitted]
    """The experts, cheap ones first."""


@dataclass(frozen=True, slots=True)
class Workbench:
    """Everything that fits share."""

    question: Question
    """The terms of the attempt."""
    rows: Mapping[int, Row]
    """Every row of the splits, by its position."""
    narrow: Split
    """The split with the fewest certify rows, so with all that may ever train."""
    means: Means
    """What to fit with."""
    material: Material
    """The TRAIN rows of `narrow` as the experts take them."""

    @classmethod
    def of(
        cls, question: Question, rows: Mapping[int, Row], narrow: Split, means: Means
    ) -> Self:
        """Make the rows ready."""
        samples = [rows[i].sample for i in narrow.train]
        material = prepare(samples, means.views, means.engine)
        return cls(question, rows, narrow, means, material)

    def is_safe(self, wide: Split) -> bool:
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
        _, family = self.fit(oldest)
        return family.power >= _SAFE

    def study(self, split: Split) -> Lessons:
        """Fit every expert to the rows of a split that train."""
        labels, learnable = self._learnable(split)
        fitted = fit_experts(
            self._material(split), self.means.views, learnable, self.means.engine
        )
        return Lessons(labels, learnable, fitted)

    def fit(self, split: Split) -> tuple[Surrogate, Family]:
        """Give the surrogate, not yet certified, and the policies to be tested."""
        lessons = self.study(split)
        labels, fitted = lessons.labels, lessons.fitted
        aim = self._aim(split)
        choice = choose_stages(fitted, lessons.learnable.targets, aim, len(labels))
        family = build_family(choice.outlook, aim, len(labels))
        strictest = family.policies[family.chain.start]
        stages, asked = only_asked(choice.stages)
        experts = tuple(fitted[i].expert for i in asked)
        return Surrogate(labels, experts, stages, strictest), family

    def _aim(self, split: Split) -> Aim:
        asked = self.question
        return Aim(asked.target, asked.level, len(split.certify), asked.strict)

    def _learnable(self, split: Split) -> tuple[tuple[str, ...], Learnable]:
        given = [self.rows[i].label or "" for i in split.train]
        labels = tuple(sorted(set(given)))
        index = {label: at for at, label in enumerate(labels)}
        targets = np.array([index[label] for label in given])
        seed = self.question.seed % 2**31
        return labels, Learnable(targets, split.groups, len(labels), seed)

    def _material(self, split: Split) -> Material:
        places = {row: at for at, row in enumerate(self.narrow.train)}
        return self.material.take([places[row] for row in split.train])
