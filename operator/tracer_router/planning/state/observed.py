"""A frozen picture of one router and everything that belongs to it."""

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
    """How far the Job of an attempt is."""

    finished: bool = False
    """Its pod ended well."""
    failure: str | None = None
    """Why the Job gave up, for people."""
    summary: TrainingSummary | None = None
    """The termination message of its pod."""
    trouble: str | None = None
    """Why a pod of it does not start, for people."""


@dataclass(frozen=True, slots=True)
class PodState:
    """One data-plane pod."""

    name: str
    revision: int
    ready: bool = False
    address: str | None = None
    evidence: Evidence | None = None
    """What it reported just now; none when it did not answer."""
    trouble: str | None = None
    """Why it does not start, for people."""
    reserved: ReservedResources = field(default_factory=ReservedResources)
    """What it reserves of the cluster."""
    leaving: bool = False
    """Whether it is about to end: what it says may be its last word."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that a plan may look at."""

    router: TracerRouter
    revisions: tuple[TracerRevision, ...] = ()
    """By number, rising."""
    jobs: Mapping[int, JobState] = field(default_factory=dict)
    """By attempt."""
    pods: tuple[PodState, ...] = ()
    """Data-plane pods of every revision."""
    policy: PolicyDocument | None = None
    """The policy as its ConfigMap holds it."""
    children: Mapping[ObjectKey, Manifest] = field(default_factory=dict)
    """Live objects that the router controls."""

    def pods_of(self, revision: int) -> tuple[PodState, ...]:
        """Give the pods of one revision."""
        return tuple(pod for pod in self.pods if pod.revision == revision)

    def revision(self, number: int) -> TracerRevision | None:
        """Give one revision by number."""
        found = (each for each in self.revisions if each.spec.revision == number)
        return next(found, None)
