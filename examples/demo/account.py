"""Counts what clients saw: who answered, what failed, how often labels agree."""

from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from examples.recorded_teacher.recordings import Recording

__all__ = ["Account", "Answer"]

_TEACHER = "teacher"
_KEPT = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What one client got for one question."""

    question: Recording
    """The question and the recorded answer."""
    label: str
    """The answer."""
    decision: str
    """Who gave it, from the header; the teacher when there is none."""
    revision: str
    """The revision that took the request."""
    seconds: float
    """How long the client waited."""


@dataclass(slots=True)
class Account:
    """Running totals of the clients."""

    labels: frozenset[str] = frozenset()
    """Every answer that may ever be given."""
    requests: int = 0
    """Requests ended, well or badly."""
    failures: list[str] = field(default_factory=list)
    """What clients were told when a request failed."""
    strangers: list[str] = field(default_factory=list)
    """Answers that are neither the teacher's nor a label."""
    decisions: Counter[str] = field(default_factory=Counter)
    """Answers by who gave them."""
    surrogates: Counter[str] = field(default_factory=Counter)
    """Surrogate answers by revision."""
    agreed: int = 0
    """Surrogate answers that equal the recorded one."""
    waited: dict[str, list[float]] = field(default_factory=dict)
    """Seconds waited by who answered."""

    @property
    def by_surrogate(self) -> int:
        """Answers that a surrogate gave, audited or not."""
        return sum(self.surrogates.values())

    @property
    def share(self) -> float:
        """Share of the answers that a surrogate gave."""
        return self.by_surrogate / max(1, sum(self.decisions.values()))

    @property
    def agreement(self) -> float:
        """Share of the surrogate's answers that equal the recorded ones."""
        return self.agreed / max(1, self.by_surrogate)

    def add(self, answer: Answer) -> None:
        """Count one answer."""
        self.requests += 1
        self.decisions[answer.decision] += 1
        self.waited.setdefault(answer.decision, []).append(answer.seconds)
        right = answer.label == answer.question.label
        if answer.decision != _TEACHER:
            self.surrogates[answer.revision] += 1
            self.agreed += right
        known = right if answer.decision == _TEACHER else answer.label in self.labels
        if not known and len(self.strangers) < _KEPT:
            self.strangers.append(f"{answer.question.text!r} -> {answer.label!r}")

    def fail(self, question: Recording, error: Exception) -> None:
        """Count one request that failed."""
        self.requests += 1
        cause = f"{type(error).__name__}: {error}"
        self.failures.append(f"{question.text[:60]!r}: {cause[:200]}")

    def median_seconds(self, decision: str) -> float:
        """Give the median wait for answers of one kind."""
        return median(self.waited.get(decision, [0.0]))
