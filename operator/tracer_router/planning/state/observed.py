"""An immutable snapshot of one router and all objects that belong to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tracer_core.contracts.evidence import Evidence
from tracer_core.contracts.policy import PolicyDocument
from tracer_core.contracts.training import TrainingSummary
from tracer_router.api import TracerRevision, TracerRouter
from tracer_router.resources.manifest import Manifest, ObjectKey
from tracer_router.savings.pods import ReservedResources

__all__ = ["JobState", "Observed", "PodState"]


@dataclass(frozen=True, slots=True)
class JobState:
    """State of the Job of an attempt."""

    finished: bool = False
    """Whether the Job ended, with or without a result."""
    failure: str | None = None
    """Why the Job failed; None if it did not."""
    summary: TrainingSummary | None = None
    """The termination message of its pod; None while there is none."""
    start_error: str | None = None
    """Why one of its pods does not start; None if all pods start."""


@dataclass(frozen=True, slots=True)
class PodState:
    """State of one data-plane pod."""

    name: str
    revision: int
    ready: bool = False
    address: str | None = None
    evidence: Evidence | None = None
    """The counts that the pod returned to this poll; None if it did not answer."""
    start_error: str | None = None
    """Why the pod does not start; None if it starts."""
    reserved: ReservedResources = field(default_factory=ReservedResources)
    """The CPU and memory that the pod requests."""
    terminating: bool = False
    """Whether the pod is being deleted: its next counts may be its last."""


@dataclass(frozen=True, slots=True)
class Observed:
    """All inputs of a plan."""

    router: TracerRouter
    revisions: tuple[TracerRevision, ...] = ()
    """All revisions, by ascending number."""
    jobs: Mapping[int, JobState] = field(default_factory=dict)
    """Training Jobs, by attempt."""
    pods: tuple[PodState, ...] = ()
    """Data-plane pods of all revisions."""
    policy: PolicyDocument | None = None
    """The policy document in its ConfigMap."""
    children: Mapping[ObjectKey, Manifest] = field(default_factory=dict)
    """Live objects that the router controls."""

    def pods_of(self, revision: int) -> tuple[PodState, ...]:
        """Return the pods of one revision."""
        return tuple(pod for pod in self.pods if pod.revision == revision)

    def revision(self, number: int) -> TracerRevision | None:
        """Return a revision by its number; None if it does not exist."""
        for revision in self.revisions:
            if revision.spec.revision == number:
                return revision
        return None
