"""Pure: may the surrogate answer this request, and if not, why not."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from tracer_bentos.serving.records import Deferral, PredictionView
from tracer_core.contracts.policy import RevisionPolicy

__all__ = ["EligibilityInput", "LoadedSurrogate", "deferral_reason"]


class LoadedSurrogate(Protocol):
    """A loaded and verified bundle."""

    @property
    def redaction(self) -> str:
        """Identity of the redactor of the texts that it was certified on."""

    @property
    def target(self) -> float:
        """Agreement that is claimed of it."""

    @property
    def costly(self) -> bool:
        """Whether a decision may take milliseconds: a transformer, an endpoint."""

    @property
    def asks_endpoint(self) -> bool:
        """Whether a decision may ask an embeddings endpoint."""

    @property
    def embedding_tokens(self) -> int:
        """Tokens that it has had an endpoint count so far."""

    def decide(self, text: str) -> PredictionView:
        """Give the prediction for one redacted text."""

    def decide_all(self, texts: Sequence[str]) -> Sequence[PredictionView]:
        """Give those for many, each exactly as if it came alone."""


class EligibilityInput(NamedTuple):
    """Everything that decides, apart from the text itself."""

    policy: RevisionPolicy
    """What the operator allows this revision."""
    task: str
    """Fingerprint of the request's task."""
    loaded: str | None
    """Digest of the bundle that is loaded and verified."""
    forced: bool
    """Whether the client asked for the teacher."""
    caller_known: bool
    """Whether access lets this caller have surrogate answers."""
    stopped: bool = False
    """Whether this pod has stopped its surrogate on the task."""

    @property
    def can_predict(self) -> bool:
        """Whether the loaded surrogate has anything to say about this task."""
        named = self.policy.bundle
        return named is not None and self.loaded == named and self._task_certified

    @property
    def _task_certified(self) -> bool:
        return self.task in self.policy.tasks


def deferral_reason(situation: EligibilityInput) -> Deferral | None:
    """Say why the surrogate may not answer; none when only the text is left to ask."""
    if situation.forced:
        return Deferral.FORCED
    if not situation.policy.surrogate or situation.policy.bundle is None:
        return Deferral.SWITCHED_OFF
    if situation.loaded != situation.policy.bundle:
        return Deferral.NOT_LOADED
    if situation.task not in situation.policy.tasks:
        return Deferral.TASK_NOT_CERTIFIED
    if situation.stopped or situation.task in situation.policy.stopped:
        return Deferral.STOPPED
    return None if situation.caller_known else Deferral.CALLER_UNKNOWN
