"""Counts of the client traffic: sources of answers, failures, and agreement."""

from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from examples.recorded_teacher.recordings import Recording

__all__ = ["Account", "Answer"]

_TEACHER = "teacher"
_MAX_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question of one client."""

    question: Recording
    """The question and the recorded answer."""
    label: str
    """The answer."""
    decision: str
    """Source of the answer, from the response header; `teacher` without the header."""
    revision: str
    """The revision that received the request."""
    seconds: float
    """Time that the client waited."""


@dataclass(slots=True)
class Account:
    """Cumulative counts of all clients."""

    labels: frozenset[str] = frozenset()
    """All possible answers."""
    requests: int = 0
    """Completed requests, including failed ones."""
    failures: list[str] = field(default_factory=list)
    """Errors of failed requests."""
    unexpected: list[str] = field(default_factory=list)
    """Answers that are neither the recorded answer nor a label."""
    decisions: Counter[str] = field(default_factory=Counter)
    """Number of answers by source."""
    surrogates: Counter[str] = field(default_factory=Counter)
    """Number of surrogate answers by revision."""
    agreed: int = 0
    """Number of surrogate answers that equal the recorded answer."""
    wait_seconds: dict[str, list[float]] = field(default_factory=dict)
    """Waiting times by source of the answer."""

    @property
    def by_surrogate(self) -> int:
        """Number of answers of a surrogate, audited or not."""
        return sum(self.surrogates.values())

    @property
    def share(self) -> float:
        """Share of the answers that are from a surrogate."""
        return self.by_surrogate / max(1, sum(self.decisions.values()))

    @property
    def agreement(self) -> float:
        """Share of the surrogate answers that equal the recorded answer."""
        return self.agreed / max(1, self.by_surrogate)

    def add(self, answer: Answer) -> None:
        """Count one answer."""
        self.requests += 1
        self.decisions[answer.decision] += 1
        self.wait_seconds.setdefault(answer.decision, []).append(answer.seconds)
        right = answer.label == answer.question.label
        if answer.decision != _TEACHER:
            self.surrogates[answer.revision] += 1
            self.agreed += right
        expected = right if answer.decision == _TEACHER else answer.label in self.labels
        if not expected and len(self.unexpected) < _MAX_EXAMPLES:
            self.unexpected.append(f"{answer.question.text!r} -> {answer.label!r}")

    def fail(self, question: Recording, error: Exception) -> None:
        """Count one request that failed."""
        self.requests += 1
        cause = f"{type(error).__name__}: {error}"
        self.failures.append(f"{question.text[:60]!r}: {cause[:200]}")

    def median_seconds(self, decision: str) -> float:
        """Return the median waiting time for answers from one source."""
        return median(self.wait_seconds.get(decision, [0.0]))
