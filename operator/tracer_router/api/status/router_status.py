"""What the operator says about a TracerRouter. Short, rounded, written on events."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from tracer_router.api.base.model import ApiModel, ListMap
from tracer_router.api.status.conditions import Condition
from tracer_router.api.status.evidence import RevisionTotals

__all__ = [
    "Agreement",
    "AuditStatus",
    "History",
    "Phase",
    "SavingsStatus",
    "TraceCounts",
    "TracerRouterStatus",
    "Weight",
]


class Phase(StrEnum):
    """One word for the printer column; programs read the conditions."""

    COLLECTING = "Collecting"
    """The teacher answers everything and is recorded."""
    TRAINING = "Training"
    """An attempt at a certificate is under way."""
    SHADOW = "Shadow"
    """A certified candidate is asked and audited, while the teacher answers."""
    CANARY = "Canary"
    """A certified candidate takes a part of the traffic."""
    LIVE = "Live"
    """A certified surrogate answers its part of all traffic."""
    SUSPENDED = "Suspended"
    """The spec says suspend."""
    STALLED = "Stalled"
    """Somebody has to do something; see the Stalled condition."""


class Weight(ApiModel):
    """Share of the traffic that goes to the candidate, in percent."""

    asked: Annotated[int, Field(ge=0, le=100)] | None = None
    """What the operator programmed."""
    observed: Annotated[int, Field(ge=0, le=100)] | None = None
    """What the pods have counted since the step began."""


class Agreement(ApiModel):
    """How often the surrogate agreed with the teacher in audits, with its interval."""

    estimate: str
    """Point estimate, such as 97.1%."""
    low: str
    """Lower end of the interval."""
    high: str
    """Upper end of the interval."""
    n: int
    """Audits it rests on."""


class TraceCounts(ApiModel):
    """How many traces there are, and how many an attempt needs."""

    captured: int = 0
    """Requests recorded."""
    dropped: int = 0
    """Requests whose record was given up: local disk full or broken."""
    labelled: int = 0
    """Of those, with a usable answer of the teacher."""
    needed: int = 0
    """Labelled traces at which the next attempt is made."""


class AuditStatus(ApiModel):
    """How much is audited at full weight, and what it costs."""

    rate: str
    """Share of the sessions, such as 1.3%."""
    reason: str
    """Why it is that much."""
    cost_per_day: str | None = None
    """What the teacher's audits cost a day at the present traffic, as a decimal."""


class SavingsStatus(ApiModel):
    """The savings meter, in the currency of the prices; amounts are decimals."""

    saved: str
    """Teacher cost avoided, less what pods and embeddings cost."""
    low: str | None = None
    """Lower end of its 95 % interval; absent while too few sessions were audited."""
    high: str | None = None
    """Upper end of its interval."""
    avoided: str
    """Teacher cost avoided; audited answers avoid nothing."""
    paid: str
    """Teacher cost paid, audits included."""
    audits: str
    """Of that, for audits."""
    cached: str = "0"
    """Avoided by the cache; not in `saved`."""
    pods: str = "0"
    """What the pods cost, at the chart's prices."""
    pods_until: datetime | None = None
    """Up to when that is counted; once an hour."""
    embeddings: str = "0"
    """What embeddings cost, at the price of their endpoint."""


class History(ApiModel):
    """What revisions that are no longer kept had counted."""

    counts: RevisionTotals = RevisionTotals()
    """Sum of their counts."""
    revisions: Annotated[tuple[int, ...], Field(max_length=1000)] = ()
    """Those whose counts are in the sum and that are about to be deleted."""


class TracerRouterStatus(ApiModel):
    """What the operator saw and did last."""

    observed_generation: int = -1
    """Generation of the spec that this is about; -1 before the operator's first
    visit."""
    phase: Phase | None = None
    """One word for people."""
    conditions: Annotated[
        tuple[Condition, ...], Field(max_length=16), ListMap("type")
    ] = ()
    """Ready, Reconciling, Stalled, TeacherReachable, Certified, TracesStored,
    EvidenceReported, TrafficProgrammed."""
    stable: int | None = None
    """Revision that serves."""
    candidate: int | None = None
    """Revision that is being rolled out."""
    weight: Weight | None = None
    """Share of the traffic that goes to the candidate, in percent."""
    policy_generation: int = 0
    """Generation of the policy document that was sent last."""
    coverage: str | None = None
    """Share of the requests that the surrogate answers, such as 61.2%."""
    agreement: Agreement | None = None
    """Agreement in live audits."""
    traces: TraceCounts | None = None
    """How many traces there are."""
    next: str | None = None
    """What is missing for the next step, for people."""
    saved: str | None = None
    """What was saved so far, such as $1.23 (18%)."""
    attempts: int = 0
    """Attempts at a certificate that were begun."""
    barred: Annotated[
        tuple[str, ...],
        Field(max_length=100, json_schema_extra={"x-kubernetes-list-type": "set"}),
    ] = ()
    """Digests of bundles that were rolled back and must not serve again."""
    audit: AuditStatus | None = None
    """How much is audited at full weight."""
    handled: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    """Ids of requests in the annotations that were carried out or refused."""
    savings: SavingsStatus | None = None
    """The savings meter."""
    history: History = History()
    """What revisions that are no longer kept had counted."""
