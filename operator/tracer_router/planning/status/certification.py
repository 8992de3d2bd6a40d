"""The condition `Certified`: whether a certificate covers the present spec."""

from tracer_router.api import (
    ClosedCell,
    ConditionStatus,
    ConditionType,
    Reason,
    RevisionPhase,
    TracerRevision,
)
from tracer_router.planning.rollout.policy import stopped_tasks
from tracer_router.planning.state.certificate_validity import find_invalidation
from tracer_router.planning.state.observed import Observed
from tracer_router.planning.status.condition_state import ConditionState
from tracer_router.planning.status.reporting import find_variable_field

__all__ = ["assess_certification"]

_SERVING = {RevisionPhase.LIVE, RevisionPhase.CANARY, RevisionPhase.SHADOW}
_ENDED = {RevisionPhase.ROLLED_BACK, RevisionPhase.REJECTED}


def assess_certification(
    observed: Observed, revisions: tuple[TracerRevision, ...], missing: str
) -> ConditionState:
    """Return whether a certificate covers the present spec.

    Args:
        observed: The observed state.
        revisions: The revisions after this reconcile's evaluation.
        missing: What is missing for the next step.
    """
    serving = [found for found in revisions if found.status.phase in _SERVING]
    if serving:
        return _state(*_assess_certificate(observed, serving[-1]))
    attempts = [found for found in revisions if found.spec.attempt is not None]
    if attempts and attempts[-1].status.phase in _ENDED:
        status = attempts[-1].status
        return _state(
            ConditionStatus.FALSE, _end_reason(attempts[-1]), status.reason or ""
        )
    fragmented = find_variable_field(observed.pods, revisions)
    if fragmented is not None:
        return _state(ConditionStatus.FALSE, Reason.TASKS_FRAGMENTED, fragmented)
    return _state(ConditionStatus.FALSE, Reason.COLLECTING, missing)


def _state(status: ConditionStatus, reason: Reason, message: str) -> ConditionState:
    return ConditionState(ConditionType.CERTIFIED, status, reason, message)


def _end_reason(revision: TracerRevision) -> Reason:
    """Return the recorded cause of an end, or the reason of the phase without one."""
    cause = revision.status.cause
    if cause and cause in set(Reason):
        return Reason(cause)
    rolled_back = revision.status.phase is RevisionPhase.ROLLED_BACK
    return Reason.ROLLED_BACK if rolled_back else Reason.NOT_CERTIFIED


def _assess_certificate(
    observed: Observed, revision: TracerRevision
) -> tuple[ConditionStatus, Reason, str]:
    """Return whether the certificate of a serving revision covers the spec."""
    invalidation = find_invalidation(observed.router, revision)
    if invalidation is not None:
        return ConditionStatus.FALSE, invalidation.reason, invalidation.message
    number = revision.spec.revision
    message = f"revision {number}: {_describe_certificates(revision)}"
    stopped = stopped_tasks(revision, observed.pods_of(number), observed.policy)
    if stopped:
        names = ", ".join(stopped)
        message = f"a pod detected gross failure and stopped: {names}; {message}"
        return ConditionStatus.FALSE, Reason.SELF_DEMOTED, message
    if any(cell.weakens for cell in revision.status.closed):
        return ConditionStatus.FALSE, Reason.DRIFTED, message
    return ConditionStatus.TRUE, Reason.CERTIFICATE_VALID, message


def _describe_certificates(revision: TracerRevision) -> str:
    certificates = (task.certificate for task in revision.status.tasks)
    claims = "; ".join(
        f"agreement of at least {found.target} at confidence {found.confidence} "
        f"(attempt {found.attempt}, level {found.level}, {found.k} of {found.n})"
        for found in certificates
    )
    return "; ".join([claims, *map(_describe_closed, revision.status.closed)])


def _describe_closed(cell: ClosedCell) -> str:
    if cell.weakens:
        return (
            f"cell {cell.cell!r} {cell.reason}; the certificate does not cover the "
            "other cells until the next attempt"
        )
    return f"without cell {cell.cell!r}, which is {cell.reason}"
