"""The TracerRevision: one attempt and its result, written by the operator."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tracer_router.api.base.kind import Column, Kind
from tracer_router.api.base.meta import ObjectMeta
from tracer_router.api.base.model import ApiModel, ListMap, Rule
from tracer_router.api.field_types.percent import Percent
from tracer_router.api.spec.embedder import Embedder
from tracer_router.api.spec.training import Engine
from tracer_router.api.status.conditions import Condition
from tracer_router.api.status.evidence import EvidenceStatus
from tracer_router.api.status.progress import (
    Baseline,
    ClosedCell,
    DriftWatch,
    ShareBaseline,
)

__all__ = [
    "MAX_SIMILAR",
    "AttemptSpec",
    "BundleStatus",
    "CertificateStatus",
    "RevisionPhase",
    "TaskCertificate",
    "TaskEvidenceStatus",
    "TracerRevision",
    "TracerRevisionSpec",
    "TracerRevisionStatus",
]


MAX_SIMILAR = 100
"""Maximum number of further requests that one attempt can fulfill."""


class RevisionPhase(StrEnum):
    """The phase of a revision."""

    PASSTHROUGH = "Passthrough"
    """The revision has no surrogate: the teacher answers. Only revision 0."""
    TRAINING = "Training"
    """The Job of the attempt is running."""
    SHADOW = "Shadow"
    """The candidate is audited; the teacher answers all requests that it receives."""
    CANARY = "Canary"
    """The candidate receives a part of the traffic."""
    LIVE = "Live"
    """The revision serves."""
    SUPERSEDED = "Superseded"
    """A later revision serves; this one is kept for a rollback."""
    ROLLED_BACK = "RolledBack"
    """The evidence was against the revision; its bundle is blocked."""
    REJECTED = "Rejected"
    """The attempt ended without a certificate; the reason states the cause."""


class AttemptSpec(ApiModel):
    """Input of the training Job.

    The result of an attempt depends only on these fields and on the stored traces.
    """

    until: datetime
    """End of the row set: it contains only traces that were received before this
    time."""
    row_set: str
    """Digest of the request document that defines the row set."""
    seed: int
    """Seed of all random numbers of the attempt."""
    minimum: int
    """Minimum number of labeled rows. With fewer rows, the attempt ends without a
    test."""
    labelled: int = 0
    """Number of labeled rows at the start of the attempt. `spec.training.growth` of the
    router is measured from this number."""
    task: str | None = None
    """Fingerprint of the task to certify. If not set, the attempt selects the task with
    the most rows."""
    cause: str = "growth"
    """Why the attempt was started: growth, drift, age, a new task, or a request. For a
    request, it includes the ID."""
    verb: str | None = Field(default=None, max_length=63)
    """ID of the `retrain` request that started the attempt. Not set if the operator
    started the attempt."""
    alike: Annotated[tuple[str, ...], Field(max_length=MAX_SIMILAR)] = ()
    """IDs of further `retrain` requests that were pending at the start. The attempt
    fulfills them as well."""
    target: Percent
    """Agreement to certify, from `spec.parity.target` of the router."""
    confidence: Percent
    """Confidence over all attempts together, from `spec.parity.confidence` of the
    router."""
    engine: Engine = Engine.LOCAL
    """Engine that runs the attempt, from `spec.training.engine` of the router."""
    workers: int = Field(default=1, ge=1, le=100)
    """Number of worker pods with engine `Dask`."""
    embedder: Embedder | None = None
    """Sentence encoder that the attempt can use. If not set, none is used."""

    @property
    def request_ids(self) -> tuple[str, ...]:
        """IDs of all requests that the attempt fulfills."""
        return (*((self.verb,) if self.verb else ()), *self.alike)


class TracerRevisionSpec(ApiModel):
    """Definition of the revision. It is immutable."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self == oldSelf",
            "the spec of a revision is immutable; change the spec of the TracerRouter"
            " instead, and the operator creates a new revision if required",
        ),
    )

    router: str = Field(max_length=40)
    """Name of the TracerRouter that owns the revision."""
    revision: int = Field(ge=0)
    """Number of the revision and of its attempt. Revision 0 has no attempt."""
    attempt: AttemptSpec | None = None
    """Input of the training Job. Not set for a pass-through revision."""
    image: str = Field(max_length=1024)
    """Runtime image of the data-plane pods and of the training Job."""
    teacher: str = Field(max_length=2200)
    """Identity of the teacher whose answers the surrogate was trained on: URL and
    protocol."""
    redaction: str | None = Field(default=None, max_length=16384)
    """Redaction of the texts that the surrogate was trained on, as JSON. If not set,
    the default redaction was used."""


class BundleStatus(ApiModel):
    """The files of a surrogate in the store."""

    digest: str
    """Digest of the bundle, as `sha256:HEX`."""
    bento: str
    """Digest of the exported Bento that contains the bundle, as `sha256:HEX`."""
    key: str
    """Key of the Bento in the store, relative to the prefix of the router."""


class CertificateStatus(ApiModel):
    """Numbers of a certificate. The full certificate is in the store."""

    target: Percent
    """Certified agreement."""
    confidence: Percent
    """Confidence over all attempts together."""
    attempt: int
    """Number of the attempt that earned the certificate, from 1."""
    level: str
    """Error level of the attempt, as a decimal: the part of one minus `confidence` that
    was allocated to it."""
    n: int
    """Number of held-out traces that the surrogate would have answered."""
    k: int
    """Number of those on which the surrogate agreed with the teacher."""
    m: int
    """Number of those without a usable answer of the teacher. They count as
    mismatches."""
    coverage: Percent
    """Share of the held-out traces that the surrogate answers. It is a point estimate,
    not a bound."""


class TaskEvidenceStatus(ApiModel):
    """Cumulative counts of one task in live traffic."""

    requests: int = 0
    """Number of requests of the task."""
    answered: int = 0
    """Number of those that the surrogate answered."""
    agreed: int = 0
    """Number of audits in which the surrogate agreed with the teacher."""
    disagreed: int = 0
    """Number of audits in which the surrogate disagreed with the teacher."""
    missing: int = 0
    """Number of audits without a usable answer of the teacher."""


class TaskCertificate(ApiModel):
    """A task that the revision is certified for."""

    fingerprint: str
    """Fingerprint of the task."""
    certificate: CertificateStatus
    """Numbers of the certificate."""
    evidence: TaskEvidenceStatus = TaskEvidenceStatus()
    """Cumulative counts of the task in live traffic."""


class TracerRevisionStatus(ApiModel):
    """Observed state of the revision."""

    observed_generation: int = -1
    """Generation of the spec that this status refers to. It is -1 until the operator
    first reconciles the object."""
    phase: RevisionPhase | None = None
    """Phase of the revision. `Passthrough`: it has no surrogate. `Training`: its Job is
    running. `Shadow`: it is audited, and the teacher answers. `Canary`: it receives a
    part of the traffic. `Live`: it serves. `Superseded`: a later revision serves.
    `RolledBack`: the evidence was against it, and its bundle is blocked. `Rejected`:
    its attempt ended without a certificate."""
    reason: str | None = None
    """Human-readable reason for the phase."""
    bundle: BundleStatus | None = None
    """Files of the surrogate in the store. Not set until the revision is certified."""
    tasks: Annotated[
        tuple[TaskCertificate, ...], Field(max_length=64), ListMap("fingerprint")
    ] = ()
    """Tasks that the revision is certified for."""
    evidence: EvidenceStatus | None = None
    """Cumulative counts of the pods of the revision."""
    rollout_step: int | None = None
    """Index of the current step in `spec.rollout.steps` of the router, from 0."""
    step_since: datetime | None = None
    """Time at which the current step or phase began."""
    rollout_since: datetime | None = None
    """Time at which the rollout began. `spec.rollout.maxDuration` of the router is
    measured from this time."""
    traffic_since: datetime | None = None
    """Time at which the revision first received traffic, in shadow.
    `spec.rollout.period` of the router is measured from this time."""
    unserved: bool = False
    """Whether no surrogate was live when the rollout began. In this case, the test in
    shadow is at the target itself, without the margin."""
    approved: bool = False
    """Whether a `promote` command approved full weight."""
    handled: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    """IDs of the requests that were applied to this revision."""
    earlier: Baseline | None = None
    """Counts at the end of earlier tries, before a `retry`. They count toward
    promotion, and not toward rollback."""
    share: ShareBaseline | None = None
    """Request counts at the start of the step, from which the observed weight is
    computed."""
    drift: DriftWatch | None = None
    """State of the drift detectors. Set when the revision is live."""
    drifted: bool = False
    """Whether a drift detector of the revision or of one of its cells raised an
    alarm."""
    cause: Annotated[str | None, Field(max_length=64)] = None
    """Why the revision ended. After a drop in agreement while it was live:
    `TeacherChanged` (the teacher answers repeated inputs differently), `InputsChanged`
    (it answers them as before), or `CauseUnknown` (there are too few repeated inputs).
    After a failed training Job: `TrainingFailed`. After a change of the spec that the
    certificate does not cover: `TargetRaised`, `ConfidenceRaised`, `TeacherReplaced`,
    or `RedactionChanged`."""
    closed: Annotated[
        tuple[ClosedCell, ...], Field(max_length=300), ListMap("cell")
    ] = ()
    """Cells that the teacher answers again."""
    conditions: Annotated[
        tuple[Condition, ...], Field(max_length=16), ListMap("type")
    ] = ()
    """Conditions of the revision."""


class TracerRevision(ApiModel):
    """One attempt of a TracerRouter: its certificate or rejection, bundle, and audits.

    The operator creates and updates revisions. Do not edit them.
    """

    resource: ClassVar[Kind] = Kind(
        kind="TracerRevision",
        plural="tracerrevisions",
        short_name="trev",
        columns=(
            Column("Router", ".spec.router"),
            Column("Phase", ".status.phase"),
            Column("Coverage", ".status.tasks[0].certificate.coverage"),
            Column("N", ".status.tasks[0].certificate.n", type="integer"),
            Column("K", ".status.tasks[0].certificate.k", type="integer"),
            Column("Age", ".metadata.creationTimestamp", type="date"),
            Column("Reason", ".status.reason", priority=1),
        ),
    )

    api_version: Literal["tracerml.ai/v1alpha1"] = "tracerml.ai/v1alpha1"
    """API group and version."""
    kind: Literal["TracerRevision"] = "TracerRevision"
    """Kind of the object."""
    metadata: ObjectMeta
    """Metadata of the object."""
    spec: TracerRevisionSpec
    """Definition of the revision."""
    status: TracerRevisionStatus = TracerRevisionStatus()
    """Observed state of the revision."""
