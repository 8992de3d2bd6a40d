"""Conditions: observed facts about an object, with status, reason, and time."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict, Field

from tracer_router.api.base.model import ApiModel

__all__ = ["Condition", "ConditionStatus", "ConditionType", "Reason", "set_condition"]


class ConditionType(StrEnum):
    """Types of conditions of a router; the first three follow kstatus."""

    READY = "Ready"
    """Traffic is served as specified, by the teacher or a surrogate."""
    RECONCILING = "Reconciling"
    """A change is in progress that needs no manual action."""
    STALLED = "Stalled"
    """There is no progress until the object or the cluster is changed manually."""
    TEACHER_REACHABLE = "TeacherReachable"
    """The teacher answered recently; Unknown before the first request."""
    CERTIFIED = "Certified"
    """A certificate covers the current spec."""
    TRACES_STORED = "TracesStored"
    """Recorded traces reach the store; Unknown before the first report."""
    EVIDENCE_REPORTED = "EvidenceReported"
    """All ready pods answer the polls of the operator."""
    TRAFFIC_PROGRAMMED = "TrafficProgrammed"
    """The Gateway accepted the route, or no route is configured."""


class ConditionStatus(StrEnum):
    """Status of a condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Reason(StrEnum):
    """Machine-readable reasons for the status of a condition."""

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
    """One condition, in the common format of Kubernetes."""

    model_config = ConfigDict(
        json_schema_extra={
            "required": ["type", "status", "reason", "message", "lastTransitionTime"]
        }
    )

    type: str = Field(max_length=316)
    """Type of the condition, for example `Ready`."""
    status: ConditionStatus
    """Status of the condition: `True`, `False`, or `Unknown`."""
    reason: str = Field(min_length=1, max_length=1024)
    """Machine-readable reason for the status, in CamelCase."""
    message: str = Field(default="", max_length=32768)
    """Human-readable reason for the status, and the action to take if there is one."""
    observed_generation: int | None = None
    """Generation of the object that the condition refers to."""
    last_transition_time: datetime | None = None
    """Time at which the status of the condition changed last."""


def set_condition(
    conditions: Iterable[Condition], condition: Condition, now: datetime
) -> tuple[Condition, ...]:
    """Return the conditions with one condition added or replaced, in their order.

    The transition time changes only when the status changes, so that an unchanged state
    gives an unchanged document.

    Args:
        conditions: Current conditions of the object.
        condition: The new condition; its transition time is ignored.
        now: Transition time for a new condition or a changed status.
    """
    current = tuple(conditions)
    previous = next((known for known in current if known.type == condition.type), None)
    since = now
    if previous is not None and previous.status == condition.status:
        since = previous.last_transition_time or now
    updated = condition.model_copy(update={"last_transition_time": since})
    if previous is None:
        return (*current, updated)
    return tuple(updated if known is previous else known for known in current)
