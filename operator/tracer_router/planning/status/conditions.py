"""Ordered checks: each condition of a router from what was observed."""

from datetime import datetime

from tracer_router.api import (
    ClosedCell,
    Condition,
    ConditionStatus,
    ConditionType,
    Reason,
    RevisionPhase,
    TracerRevision,
    set_condition,
)
from tracer_router.planning.rollout.candidate import overdue
from tracer_router.planning.rollout.policy import stopped_tasks
from tracer_router.planning.state.certificate_validity import find_invalidation
from tracer_router.planning.state.holds import find_hold
from tracer_router.planning.state.observed import Observed
from tracer_router.planning.state.roles import RevisionRoles
from tracer_router.planning.status.reporting import (
    State,
    evidence_reported,
    most_variable_field,
    traces_stored,
)
from tracer_router.resources.manifest import Manifest, ObjectKey

__all__ = ["State", "assess_conditions", "route_accepted", "set_conditions"]

_TRUE, _FALSE, _UNKNOWN = (
    ConditionStatus.TRUE,
    ConditionStatus.FALSE,
    ConditionStatus.UNKNOWN,
)


def assess_conditions(
    observed: Observed,
    revisions: tuple[TracerRevision, ...],
    roles: RevisionRoles,
    missing: str,
    now: datetime,
) -> tuple[State, ...]:
    """Give every condition of a router that could be reconciled."""
    route = _traffic(observed)
    return (
        _ready(observed, roles, route),
        _reconciling(observed, roles, missing, route, now),
        (
            ConditionType.STALLED,
            _FALSE,
            Reason.UP_TO_DATE,
            "nothing to be done by hand",
        ),
        _teacher(observed),
        _certified(observed, revisions, missing),
        traces_stored(observed),
        evidence_reported(observed),
        route,
    )


def set_conditions(
    conditions: tuple[Condition, ...],
    states: tuple[State, ...],
    generation: int | None,
    now: datetime,
) -> tuple[Condition, ...]:
    """Return the conditions with new states; a time moves only with the status."""
    for kind, status, reason, message in states:
        condition = Condition(
            type=kind.value,
            status=status,
            reason=reason.value,
            message=message,
            observed_generation=generation,
        )
        conditions = set_condition(conditions, condition, now)
    return conditions


def route_accepted(route: Manifest) -> bool:
    """Tell whether every Gateway named took the route in its present generation."""
    parents = route.get("status", {}).get("parents", [])
    generation = route["metadata"].get("generation")
    wanted = {"Accepted", "ResolvedRefs"}
    for parent in parents:
        true = {
            each["type"]
            for each in parent.get("conditions", [])
            if each["status"] == "True" and each.get("observedGeneration") == generation
        }
        if not wanted <= true:
            return False
    return bool(parents)


def _ready(observed: Observed, roles: RevisionRoles, route: State) -> State:
    if not any(pod.ready for pod in observed.pods):
        troubles = (pod.trouble for pod in observed.pods if pod.trouble)
        cause = next(troubles, "they are starting")
        message = f"no data-plane pod is ready: {cause}"
        return ConditionType.READY, _FALSE, Reason.PODS_NOT_READY, message
    if route[1] is _FALSE:
        return ConditionType.READY, _FALSE, route[2], route[3]
    if roles.stable:
        message = f"revision {roles.stable} serves; the rest goes to the teacher"
        return ConditionType.READY, _TRUE, Reason.SURROGATE_SERVES, message
    message = "the teacher answers everything"
    return ConditionType.READY, _TRUE, Reason.TEACHER_SERVES, message


def _reconciling(
    observed: Observed, roles: RevisionRoles, missing: str, route: State, now: datetime
) -> State:
    kind = ConditionType.RECONCILING
    if roles.training is not None:
        return kind, _TRUE, Reason.TRAINING, missing
    hold = find_hold(observed.router)
    if hold is not None and (roles.candidate is not None or route[1] is _TRUE):
        number = roles.candidate.spec.revision if roles.candidate else None
        return kind, _FALSE, hold.reason, hold.describe(number)
    if roles.candidate is not None and overdue(observed, roles.candidate, now):
        return kind, _FALSE, Reason.INCONCLUSIVE, missing
    if roles.candidate is not None:
        return kind, _TRUE, Reason.ROLLING_OUT, missing
    if route[1] is not _TRUE:
        return kind, _TRUE, Reason.PROGRESSING, route[3]
    return kind, _FALSE, Reason.UP_TO_DATE, "as the spec says"


def _teacher(observed: Observed) -> State:
    kind = ConditionType.TEACHER_REACHABLE
    states = [pod.evidence.teacher for pod in observed.pods if pod.evidence]
    known = [each for each in states if each.reachable is not None]
    if not known:
        before = _before(observed, kind)
        return before or (kind, _UNKNOWN, Reason.NO_TRAFFIC_YET, "no request yet")
    if any(each.reachable for each in known):
        return kind, _TRUE, Reason.TEACHER_ANSWERS, "the teacher answered lately"
    cause = known[0].cause or "it does not answer"
    return kind, _FALSE, Reason.TEACHER_UNREACHABLE, cause


def _before(observed: Observed, kind: ConditionType) -> State | None:
    # After a restart of the pods nobody has asked the teacher yet: the last word holds.
    for each in observed.router.status.conditions:
        if each.type == kind.value and each.status is not _UNKNOWN:
            return kind, each.status, Reason(each.reason), each.message
    return None


def _certified(
    observed: Observed, revisions: tuple[TracerRevision, ...], missing: str
) -> State:
    kind = ConditionType.CERTIFIED
    serving = {RevisionPhase.LIVE, RevisionPhase.CANARY, RevisionPhase.SHADOW}
    held = [each for each in revisions if each.status.phase in serving]
    if held:
        return kind, *_certificate_message(observed, held[-1])
    ended = [each for each in revisions if each.spec.attempt is not None]
    if ended and ended[-1].status.phase is RevisionPhase.ROLLED_BACK:
        return kind, *_end_of(ended[-1], Reason.ROLLED_BACK)
    if ended and ended[-1].status.phase is RevisionPhase.REJECTED:
        return kind, *_end_of(ended[-1], Reason.NOT_CERTIFIED)
    fragmented = most_variable_field(observed, revisions)
    reason = Reason.TASKS_FRAGMENTED if fragmented else Reason.COLLECTING
    return kind, _FALSE, reason, fragmented or missing


def _end_of(
    revision: TracerRevision, usual: Reason
) -> tuple[ConditionStatus, Reason, str]:
    """Return why a revision ended: its recorded cause, or the usual one of its end."""
    cause = revision.status.cause
    reason = Reason(cause) if cause and cause in set(Reason) else usual
    return _FALSE, reason, revision.status.reason or ""


def _certificate_message(
    observed: Observed, revision: TracerRevision
) -> tuple[ConditionStatus, Reason, str]:
    """Say what has become of the certificate of a revision that serves."""
    invalidation = find_invalidation(observed.router, revision)
    if invalidation is not None:
        return _FALSE, invalidation.reason, invalidation.message
    message = f"revision {revision.spec.revision}: {_figures(revision)}"
    if stopped := stopped_tasks(observed, revision):
        named = ", ".join(stopped)
        message = f"a pod saw gross failure and stopped: {named}; {message}"
        return _FALSE, Reason.SELF_DEMOTED, message
    if any(each.weakens for each in revision.status.closed):
        return _FALSE, Reason.DRIFTED, message
    return _TRUE, Reason.CERTIFICATE_VALID, message


def _figures(revision: TracerRevision) -> str:
    tasks = (task.certificate for task in revision.status.tasks)
    claims = "; ".join(
        f"agreement of at least {each.target} at confidence {each.confidence} "
        f"(attempt {each.attempt}, level {each.level}, {each.k} of {each.n})"
        for each in tasks
    )
    return "; ".join([claims, *map(_without, revision.status.closed)])


def _without(cell: ClosedCell) -> str:
    if cell.weakens:
        return (
            f"not covering the rest until tested again, as cell {cell.cell!r} "
            f"{cell.reason}"
        )
    return f"without cell {cell.cell!r}, which is {cell.reason}"


def _traffic(observed: Observed) -> State:
    kind = ConditionType.TRAFFIC_PROGRAMMED
    router = observed.router
    if router.spec.traffic.gateway is None:
        message = f"Service {router.metadata.name} takes the traffic"
        return kind, _TRUE, Reason.NO_GATEWAY, message
    route = observed.children.get(ObjectKey("HTTPRoute", router.metadata.name))
    if route is None:
        return kind, _UNKNOWN, Reason.ROUTE_PENDING, "the route is being made"
    if route_accepted(route):
        return kind, _TRUE, Reason.ROUTE_ACCEPTED, "the Gateway took the route"
    named = router.spec.traffic.gateway.name
    message = f"Gateway {named} has not taken the route: {_refusal(route)}"
    return kind, _UNKNOWN, Reason.ROUTE_PENDING, message


def _refusal(route: Manifest) -> str:
    for parent in route.get("status", {}).get("parents", []):
        for each in parent.get("conditions", []):
            if each["status"] == "False":
                return str(each.get("message") or each["reason"])
    return "no controller has answered yet"
