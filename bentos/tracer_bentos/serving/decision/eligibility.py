"""Pure decision: whether the surrogate can answer a request, and if not, why."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from tracer_bentos.serving.records import Deferral, PredictionView
from tracer_core.contracts.policy import RevisionPolicy

__all__ = ["EligibilityInput", "LoadedSurrogate", "deferral_reason"]


class LoadedSurrogate(Protocol):
    """A loaded and verified bundle."""

    @property
    def redaction(self) -> str:
        """Identity of the redactor of the texts in the certificate."""

    @property
    def target(self) -> float:
        """Certified agreement."""

    @property
    def costly(self) -> bool:
        """Whether a decision can take milliseconds: a transformer or an endpoint."""

    @property
    def remote(self) -> bool:
        """Whether a decision can call an embeddings endpoint."""

    @property
    def embedding_tokens(self) -> int:
        """Number of tokens that an embeddings endpoint has counted so far."""

    def decide(self, text: str) -> PredictionView:
        """Return the prediction for one redacted text."""

    def decide_all(self, texts: Sequence[str]) -> Sequence[PredictionView]:
        """Return the predictions for several texts, identical to those of `decide`."""


class EligibilityInput(NamedTuple):
    """Everything that determines eligibility, except for the text."""

    policy: RevisionPolicy
    """What the operator allows for this revision."""
    task: str
    """Fingerprint of the task of the request."""
    loaded: str | None
    """Digest of the loaded and verified bundle."""
    forced: bool
    """Whether the client requested the teacher."""
    caller_accepted: bool
    """Whether the authenticator allows surrogate answers for this caller."""
    stopped: bool = False
    """Whether the circuit breaker of this pod stopped the task."""

    @property
    def can_predict(self) -> bool:
        """Whether the loaded surrogate is the one of the policy and has the task."""
        bundle = self.policy.bundle
        certified = self.task in self.policy.tasks
        return bundle is not None and self.loaded == bundle and certified


def deferral_reason(request: EligibilityInput) -> Deferral | None:
    """Return why the surrogate cannot answer; None if only the text can defer."""
    policy = request.policy
    if request.forced:
        return Deferral.FORCED
    if not policy.surrogate or policy.bundle is None:
        return Deferral.SWITCHED_OFF
    if request.loaded != policy.bundle:
        return Deferral.NOT_LOADED
    if request.task not in policy.tasks:
        return Deferral.TASK_NOT_CERTIFIED
    if request.stopped or request.task in policy.stopped:
        return Deferral.STOPPED
    return None if request.caller_accepted else Deferral.CALLER_UNKNOWN
