"""The TracerRevision: one attempt and what became of it; the operator writes it."""

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
"""Requests beside the first that one attempt may answer."""


class RevisionPhase(StrEnum):
    """Where a revision is in its life."""

    PASSTHROUGH = "Passthrough"
    """It has no surrogate and never will: revision 0."""
    TRAINING = "Training"
    """Its Job runs."""
    SHADOW = "Shadow"
    """It is asked and audited, while the teacher answers all that it is asked."""
    CANARY = "Canary"
    """It takes a part of the traffic."""
    LIVE = "Live"
    """It serves."""
    SUPERSEDED = "Superseded"
    """A later one serves; it is kept to roll back to."""
    ROLLED_BACK = "RolledBack"
    """Evidence stood against it; its bundle is barred."""
    REJECTED = "Rejected"
    """Its attempt earned no certificate; the reason says why."""


class AttemptSpec(ApiModel):
    """What the training Job is asked; it makes the attempt deterministic."""

    until: datetime
    """Only traces received before this moment belong to the row set."""
    row_set: str
    """Digest of the request that states the row set."""
    seed: int
    """Seed of everything random."""
    minimum: int
    """Labelled rows without which nothing is tried."""
    labelled: int = 0
    """Labelled rows that had been counted when it began; growth is counted from it."""
    task: str | None = None
    """The task that it must be about; the one with the most rows when absent."""
    cause: str = "growth"
    """Why it was begun: growth, drift, age, a new task, or by request."""
    verb: str | None = Field(default=None, max_length=63)
    """Id of the request, when a person asked for it."""
    alike: Annotated[tuple[str, ...], Field(max_length=MAX_SIMILAR)] = ()
    """Ids of other requests that asked for one by then: it answers them too."""
    target: Percent
    """Agreement to certify."""
    confidence: Percent
    """Confidence over all attempts together."""
    engine: Engine = Engine.LOCAL
    """What computes it."""
    workers: int = Field(default=1, ge=1, le=100)
    """Pods that compute it, with engine Dask."""
    embedder: Embedder | None = None
    """The sentence encoder that it may use."""

    @property
    def answers(self) -> tuple[str, ...]:
        """Ids of all requests that it answers."""
        return (*((self.verb,) if self.verb else ()), *self.alike)


class TracerRevisionSpec(ApiModel):
    """What the revision is; it never changes."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self == oldSelf",
            "the spec of a revision never changes: leave it, the operator makes a new"
            " revision when the router's spec asks for one",
        ),
    )

    router: str = Field(max_length=40)
    """Name of the router that it belongs to."""
    revision: int = Field(ge=0)
    """Its number; that of its attempt as well."""
    attempt: AttemptSpec | None = None
    """What its training Job is asked; absent for a pass-through."""
    image: str = Field(max_length=1024)
    """Runtime image of its pods and of its Job."""
    teacher: str = Field(max_length=2200)
    """Identity of the teacher that it learns from: its URL and protocol."""
    redaction: str | None = Field(default=None, max_length=16384)
    """How the texts were redacted that it learns from, as JSON; absent: by default."""


class BundleStatus(ApiModel):
    """The surrogate's files in the store."""

    digest: str
    """Digest of the bundle."""
    bento: str
    """Digest of the exported Bento."""
    key: str
    """Where the Bento lies, relative to the router's prefix."""


class CertificateStatus(ApiModel):
    """The certificate in figures; the whole of it lies in the store."""

    target: Percent
    """Agreement that is claimed."""
    confidence: Percent
    """Confidence over all attempts together."""
    attempt: int
    """Which attempt this was."""
    level: str
    """Error level of this attempt, as a decimal."""
    n: int
    """Accepted certify rows."""
    k: int
    """Of those, how many matched the teacher."""
    m: int
    """Of those, without a usable answer: counted as mismatches."""
    coverage: Percent
    """Share of the certify rows that the policy answers; a point estimate."""


class TaskEvidenceStatus(ApiModel):
    """What live traffic says about one task."""

    requests: int = 0
    """Requests of the task."""
    answered: int = 0
    """Of those, answered by the surrogate."""
    agreed: int = 0
    """Audits in which the teacher agreed."""
    disagreed: int = 0
    """Audits in which it did not."""
    missing: int = 0
    """Audits without a usable answer."""


class TaskCertificate(ApiModel):
    """One task that the revision may answer."""

    fingerprint: str
    """Fingerprint of the task."""
    certificate: CertificateStatus
    """What was proved."""
    evidence: TaskEvidenceStatus = TaskEvidenceStatus()
    """What live traffic says."""


class TracerRevisionStatus(ApiModel):
    """What became of the revision."""

    observed_generation: int = -1
    """Generation that this is about; -1 before the operator's first visit."""
    phase: RevisionPhase | None = None
    """Where it is in its life."""
    reason: str | None = None
    """Why it is there, for people."""
    bundle: BundleStatus | None = None
    """Its surrogate; absent until certified."""
    tasks: Annotated[
        tuple[TaskCertificate, ...], Field(max_length=64), ListMap("fingerprint")
    ] = ()
    """Tasks that it may answer."""
    evidence: EvidenceStatus | None = None
    """What its pods have counted."""
    rollout_step: int | None = None
    """Which step of the rollout it is on, from 0."""
    step_since: datetime | None = None
    """When that step, or the phase, began."""
    rollout_since: datetime | None = None
    """When its rollout began; the deadline is counted from here."""
    traffic_since: datetime | None = None
    """When it first took traffic, as a shadow; the traffic period is counted from
    here."""
    unserved: bool = False
    """Whether nothing served when its rollout began: it is tested in shadow at the
    target itself then."""
    approved: bool = False
    """Whether a person has opened full weight for it."""
    handled: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    """Ids of the requests that were carried out on it."""
    earlier: Baseline | None = None
    """Counts of earlier tries: they count for promotion, not for rollback."""
    share: ShareBaseline | None = None
    """Requests counted when the step began."""
    drift: DriftWatch | None = None
    """Its drift detectors, once live."""
    drifted: bool = False
    """Whether a drift alarm spoke against it or a cell of it."""
    cause: Annotated[str | None, Field(max_length=64)] = None
    """What has changed when audits spoke against it while live: TeacherChanged,
    InputsChanged, or CauseUnknown where repeats do not tell."""
    closed: Annotated[
        tuple[ClosedCell, ...], Field(max_length=300), ListMap("cell")
    ] = ()
    """Cells that were given back to the teacher."""
    conditions: Annotated[
        tuple[Condition, ...], Field(max_length=16), ListMap("type")
    ] = ()
    """Conditions."""


class TracerRevision(ApiModel):
    """One attempt of a router: its certificate or refusal, its bundle, its evidence."""

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
    """Group and version."""
    kind: Literal["TracerRevision"] = "TracerRevision"
    """Kind."""
    metadata: ObjectMeta
    """Name and identity."""
    spec: TracerRevisionSpec
    """What the revision is."""
    status: TracerRevisionStatus = TracerRevisionStatus()
    """What became of it."""
