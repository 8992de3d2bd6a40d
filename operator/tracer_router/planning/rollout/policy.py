"""What every pod may do: the policy document, derived from phases and steps."""

from tracer_core.contracts.policy import PolicyDocument, RevisionPolicy
from tracer_router.api import RevisionPhase, TracerRevision
from tracer_router.planning.rollout.auditing import audit_rate
from tracer_router.planning.rollout.traffic_split import diversion, primary_revision
from tracer_router.planning.state.certificate_validity import find_invalidation
from tracer_router.planning.state.observed import Observed
from tracer_router.planning.state.roles import RevisionRoles

__all__ = ["plan_policy", "stop_reason", "stopped_tasks"]


def plan_policy(
    observed: Observed, revisions: tuple[TracerRevision, ...], roles: RevisionRoles
) -> PolicyDocument:
    """Give the document; its generation grows only when its content changes."""
    wanted = {
        str(each.spec.revision): _with_stops(observed, each)
        for each in revisions
        if each.status.phase
        not in {RevisionPhase.TRAINING, RevisionPhase.REJECTED, None}
    }
    front = str(primary_revision(observed, roles))
    handed = diversion(observed.router, roles.candidate)
    if handed and front in wanted:
        wanted[front] = wanted[front].model_copy(update={"divert": handed})
    live = observed.policy
    if live is None:
        return PolicyDocument(generation=1, revisions=wanted)
    if live.revisions == wanted:
        return live
    return PolicyDocument(generation=live.generation + 1, revisions=wanted)


def stopped_tasks(observed: Observed, revision: TracerRevision) -> tuple[str, ...]:
    """Give the tasks on which a pod has stopped its surrogate, now or ever."""
    number = revision.spec.revision
    before = observed.policy.build(number).stopped if observed.policy else ()
    reported = {
        task.task
        for pod in observed.pods_of(number)
        if pod.evidence
        for task in pod.evidence.tasks
        if task.stopped
    }
    return tuple(sorted({*before, *reported}))


def stop_reason(observed: Observed, revision: TracerRevision) -> str | None:
    """Say that a pod has stopped a certified task; none while none has."""
    certified = {task.fingerprint for task in revision.status.tasks}
    stopped = certified.intersection(stopped_tasks(observed, revision))
    if not stopped:
        return None
    return (
        f"a pod saw gross failure in audits and stopped: {', '.join(sorted(stopped))}"
    )


def _with_stops(observed: Observed, revision: TracerRevision) -> RevisionPolicy:
    policy, stopped = (
        _revision_policy(observed, revision),
        stopped_tasks(observed, revision),
    )
    return policy.model_copy(update={"stopped": stopped}) if stopped else policy


def _revision_policy(observed: Observed, revision: TracerRevision) -> RevisionPolicy:
    router, status = observed.router, revision.status
    pods = observed.pods_of(revision.spec.revision)
    rolling = {RevisionPhase.SHADOW, RevisionPhase.CANARY, RevisionPhase.LIVE}
    shadow = status.phase is RevisionPhase.SHADOW
    if status.phase not in rolling or (shadow and status.traffic_since is None):
        return RevisionPolicy()
    if status.bundle is None or find_invalidation(router, revision):
        return RevisionPolicy()
    return RevisionPolicy(
        surrogate=not shadow,
        audit=audit_rate(router, revision),
        bundle=status.bundle.digest,
        tasks=tuple(task.fingerprint for task in status.tasks),
        pods=tuple(sorted(pod.name for pod in pods if pod.ready)),
        closed=tuple(each.cell for each in status.closed),
    )
