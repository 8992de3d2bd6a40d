"""Conditions: what is true of an object now, since when and why."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict, Field

from tracer_router.api.base.model import ApiModel

__all__ = ["Condition", "ConditionStatus", "ConditionType", "Reason", "set_condition"]


class ConditionType(StrEnum):
    """The conditions of a router; the first three as kstatus reads them."""

    READY = "Ready"
    """Traffic is served as the spec says, by the teacher or the surrogate."""
    RECONCILING = "Reconciling"
    """Something is on its way without anybody's help."""
    STALLED = "Stalled"
    """Nothing moves until somebody edits the object or the cluster."""
    TEACHER_REACHABLE = "TeacherReachable"
    """The teacher answered lately; Unknown before the first request."""
    CERTIFIED = "Certified"
    """A certificate stands for the spec as it is."""
    TRACES_STORED = "TracesStored"
    """What pods record gets into the store; Unknown before the first report."""
    EVIDENCE_REPORTED = "EvidenceReported"
    """Every ready pod answers the operator's polls."""
    TRAFFIC_PROGRAMMED = "TrafficProgrammed"
    """The Gateway took the route, or none is asked for."""


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Reason(StrEnum):
    """Why a condition is as it is, for programs; the message is for people."""

    TEACHER_SERVES = "TeacherServes"
    SURROGATE_SERVES = "SurrogateServes"
    PODS_NOT_READY = "PodsNotReady"
    UP_TO_DATE = "UpToDate"
    PROGRESSING = "Progressing"
    TRAINING = "Training"
    ROLLING_OUT = "RollingOut"
    INCONCLUSIVE = "Inconclusive"
    PAUSED = "Paused"
    DRIFTED = "Drifted"
    SUSPENDED = "Suspended"
    INVALID_SPEC = "InvalidSpec"
    NAME_TAKEN = "NameTaken"
    FORBIDDEN = "Forbidden"
    API_UNAVAILABLE = "ApiUnavailable"
    INTERNAL_ERROR = "InternalError"
    NO_TRAFFIC_YET = "NoTrafficYet"
    TEACHER_ANSWERS = "TeacherAnswers"
    TEACHER_UNREACHABLE = "TeacherUnreachable"
    COLLECTING = "Collecting"
    TASKS_FRAGMENTED = "TasksFragmented"
    TRAINING_FAILED = "TrainingFailed"
    NOT_CERTIFIED = "NotCertified"
    CERTIFICATE_VALID = "CertificateValid"
    TARGET_RAISED = "TargetRaised"
    CONFIDENCE_RAISED = "ConfidenceRaised"
    TEACHER_REPLACED = "TeacherReplaced"
    REDACTION_CHANGED = "RedactionChanged"
    ROLLED_BACK = "RolledBack"
    TEACHER_CHANGED = "TeacherChanged"
    INPUTS_CHANGED = "InputsChanged"
    ROUTE_ACCEPTED = "RouteAccepted"
    ROUTE_PENDING = "RoutePending"
    GATEWAY_API_MISSING = "GatewayApiMissing"
    NO_GATEWAY = "NoGateway"
    SELF_DEMOTED = "SelfDemoted"
    TRACES_STORED = "TracesStored"
    TRACES_BACKLOGGED = "TracesBacklogged"
    EVIDENCE_FRESH = "EvidenceFresh"
    EVIDENCE_STALE = "EvidenceStale"


class Condition(ApiModel):
    """One condition, in the shape that all of Kubernetes shares."""

    model_config = ConfigDict(
        json_schema_extra={
            "required": ["type", "status", "reason", "message", "lastTransitionTime"]
        }
    )

    type: str = Field(max_length=316)
    """What it is about, such as Ready."""
    status: ConditionStatus
    """True, False or Unknown."""
    reason: str = Field(min_length=1, max_length=1024)
    """Why, for programs."""
    message: str = Field(default="", max_length=32768)
    """Why, for people, and what to do."""
    observed_generation: int | None = None
    """Generation of the object that this is about."""
    last_transition_time: datetime | None = None
    """When the status last flipped; `set_condition` fills it in."""


def set_condition(
    conditions: Iterable[Condition], condition: Condition, now: datetime
) -> tuple[Condition, ...]:
    """Give the conditions with one set, in their order.

    The transition time moves only when the status flips, so that an unchanged picture
    is an unchanged document.
    """
    known = tuple(conditions)
    before = next((each for each in known if each.type == condition.type), None)
    flipped = before is None or before.status != condition.status
    since = now if flipped or before is None else before.last_transition_time or now
    placed = condition.model_copy(update={"last_transition_time": since})
    if before is None:
        return (*known, placed)
    return tuple(placed if each is before else each for each in known)
