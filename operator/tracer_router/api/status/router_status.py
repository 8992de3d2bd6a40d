"""The status of a TracerRouter.

Values are short and rounded, because each change of the status is a write.
"""

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
    """Summary of the state for `kubectl get`; programs must use the conditions."""

    COLLECTING = "Collecting"
    """The teacher answers all requests, and its answers are recorded."""
    TRAINING = "Training"
    """An attempt to train and certify a surrogate is running."""
    SHADOW = "Shadow"
    """A certified candidate is audited while the teacher answers."""
    CANARY = "Canary"
    """A certified candidate receives a part of the traffic."""
    LIVE = "Live"
    """A certified surrogate answers its part of the traffic."""
    SUSPENDED = "Suspended"
    """`spec.suspend` is true."""
    STALLED = "Stalled"
    """A manual action is required; see the condition `Stalled`."""


class Weight(ApiModel):
    """Share of the traffic that goes to the candidate, in percent."""

    asked: Annotated[int, Field(ge=0, le=100)] | None = None
    """Share that the operator configured, in percent."""
    observed: Annotated[int, Field(ge=0, le=100)] | None = None
    """Share that the pods have counted since the start of the step, in percent."""


class Agreement(ApiModel):
    """Agreement of the surrogate with the teacher in audits, with its interval."""

    estimate: str
    """Point estimate, for example `97.1%`."""
    low: str
    """Lower end of the interval, for example `95.2%`."""
    high: str
    """Upper end of the interval, for example `98.4%`."""
    n: int
    """Number of audits that the estimate is based on."""


class TraceCounts(ApiModel):
    """Number of recorded traces, and the number that the next attempt requires."""

    captured: int = 0
    """Number of recorded requests."""
    dropped: int = 0
    """Number of requests whose trace was dropped, because the local disk was full or
    failed."""
    labelled: int = 0
    """Number of recorded requests with a usable answer of the teacher."""
    needed: int = 0
    """Number of labeled traces at which the next attempt starts."""


class AuditStatus(ApiModel):
    """Audit rate at full weight and its cost."""

    rate: str
    """Share of the sessions that is audited, for example `1.5%`."""
    reason: str
    """Human-readable reason for the rate."""
    cost_per_day: str | None = None
    """Cost of the audits per day at the current traffic, as a decimal in the currency
    of the prices. Not set until it can be estimated."""


class SavingsStatus(ApiModel):
    """Savings as decimals in the currency of the prices."""

    saved: str
    """Net savings: `avoided` minus `pods` and `embeddings`."""
    low: str | None = None
    """Lower end of the 95% interval of `saved`. Not set until five sessions have been
    audited."""
    high: str | None = None
    """Upper end of the 95% interval of `saved`. Not set until five sessions have been
    audited."""
    avoided: str
    """Estimated cost of the teacher for the requests that the surrogate answered
    without an audit."""
    paid: str
    """Cost of the teacher that was paid, including audits."""
    audits: str
    """Part of `paid` that was spent on audits."""
    cached: str = "0"
    """Cost of the teacher for the exact repeats that the cache answered. Not included
    in `avoided` or `saved`."""
    pods: str = "0"
    """Cost of the resources that the data-plane pods reserve, at the chart values
    `prices.coreHour` and `prices.gibHour`."""
    pods_until: datetime | None = None
    """Time up to which `pods` is counted. The operator updates it once per hour."""
    embeddings: str = "0"
    """Cost of an embeddings endpoint during serving, at its price."""


class History(ApiModel):
    """Counts of deleted revisions."""

    counts: RevisionTotals = RevisionTotals()
    """Sum of the counts of deleted revisions."""
    revisions: Annotated[tuple[int, ...], Field(max_length=1000)] = ()
    """Numbers of the revisions whose counts are included in the sum and whose deletion
    is pending."""


class TracerRouterStatus(ApiModel):
    """State of the router that the operator observed last."""

    observed_generation: int = -1
    """Generation of the spec that this status refers to. It is -1 until the operator
    first reconciles the object."""
    phase: Phase | None = None
    """Summary of the state for `kubectl get`. `Collecting`: the teacher answers, and
    its answers are recorded. `Training`: an attempt is running. `Shadow`: a candidate
    is audited while the teacher answers. `Canary`: a candidate receives a part of the
    traffic. `Live`: a surrogate answers its part of the traffic. `Suspended`:
    `spec.suspend` is true. `Stalled`: a manual action is required. Programs must use
    the conditions instead."""
    conditions: Annotated[
        tuple[Condition, ...], Field(max_length=16), ListMap("type")
    ] = ()
    """Conditions of the router. `Ready`: traffic is served as specified, by the teacher
    or a surrogate. `Reconciling`: a change is in progress. `Stalled`: a manual action
    is required. `TeacherReachable`: the teacher answered recently. `Certified`: a
    certificate covers the current spec. `TracesStored`: traces reach the store.
    `EvidenceReported`: all ready pods answer the polls of the operator.
    `TrafficProgrammed`: the Gateway accepted the route, or no route is configured."""
    stable: int | None = None
    """Number of the revision that serves."""
    candidate: int | None = None
    """Number of the revision that is being rolled out. Not set if there is none."""
    weight: Weight | None = None
    """Share of the traffic that goes to the candidate, in percent."""
    policy_generation: int = 0
    """Generation of the latest policy document that was sent to the pods."""
    coverage: str | None = None
    """Share of the requests that the surrogate answers, for example `61.2%`."""
    agreement: Agreement | None = None
    """Agreement of the surrogate with the teacher in live audits."""
    traces: TraceCounts | None = None
    """Number of recorded traces, and the number that the next attempt requires."""
    next: str | None = None
    """Human-readable requirements for the next step, for example the number of further
    audits."""
    saved: str | None = None
    """Net savings and their share of the cost without the router, for example
    `$1.23 (18%)`."""
    attempts: int = 0
    """Number of attempts that were started."""
    barred: Annotated[
        tuple[str, ...],
        Field(max_length=100, json_schema_extra={"x-kubernetes-list-type": "set"}),
    ] = ()
    """Digests of bundles that were rolled back. They do not serve again until
    `tracer-router retry`."""
    audit: AuditStatus | None = None
    """Audit rate at full weight and its cost."""
    handled: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    """IDs of the requests in annotations that were applied or rejected."""
    savings: SavingsStatus | None = None
    """Savings. Not set without `spec.teacher.prices`."""
    history: History = History()
    """Counts of deleted revisions, so that totals include them."""
