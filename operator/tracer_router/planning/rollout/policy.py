"""The policy document: what every pod may do, derived from phases and steps."""

from collections.abc import Iterable

from tracer_core.contracts.policy import PolicyDocument, RevisionPolicy
from tracer_router.api import RevisionPhase, TracerRevision, TracerRouter
from tracer_router.planning.rollout.auditing import audit_rate
from tracer_router.planning.rollout.traffic_split import diversion, primary_revision
from tracer_router.planning.state.certificate_validity import find_invalidation
from tracer_router.planning.state.observed import Observed, PodState
from tracer_router.planning.state.roles import RevisionRoles

__all__ = ["plan_policy", "stop_reason", "stopped_tasks"]

_WITHOUT_PODS = {RevisionPhase.TRAINING, RevisionPhase.REJECTED, None}
_WITH_SURROGATE = {RevisionPhase.SHADOW, RevisionPhase.CANARY, RevisionPhase.LIVE}


def plan_policy(
    observed: Observed, revisions: tuple[TracerRevision, ...], roles: RevisionRoles
) -> PolicyDocument:
    """Return the document; its generation increases only when its content changes."""
    router, current = observed.router, observed.policy
    planned: dict[str, RevisionPolicy] = {}
    for revision in revisions:
        if revision.status.phase not in _WITHOUT_PODS:
            pods = observed.pods_of(revision.spec.revision)
            policy = _revision_policy(router, revision, pods)
            stopped = stopped_tasks(revision, pods, current)
            planned[str(revision.spec.revision)] = policy.model_copy(
                update={"stopped": stopped} if stopped else {}
            )
    primary = str(primary_revision(observed.pods, roles))
    diverted = diversion(router, roles.candidate)
    if diverted and primary in planned:
        planned[primary] = planned[primary].model_copy(update={"divert": diverted})
    if current is None:
        return PolicyDocument(generation=1, revisions=planned)
    if current.revisions == planned:
        return current
    return PolicyDocument(generation=current.generation + 1, revisions=planned)


def stopped_tasks(
    revision: TracerRevision, pods: Iterable[PodState], policy: PolicyDocument | None
) -> tuple[str, ...]:
    """Return the tasks for which a pod stopped the surrogate, now or earlier.

    Args:
        revision: The revision.
        pods: The pods of the revision.
        policy: The current policy document, which contains the earlier stops.
    """
    earlier = policy.build(revision.spec.revision).stopped if policy else ()
    reported = {
        task.task
        for pod in pods
        if pod.evidence
        for task in pod.evidence.tasks
        if task.stopped
    }
    return tuple(sorted({*earlier, *reported}))


def stop_reason(
    revision: TracerRevision, pods: Iterable[PodState], policy: PolicyDocument | None
) -> str | None:
    """Return which certified tasks a pod stopped; None if it stopped none.

    Args:
        revision: The revision.
        pods: The pods of the revision.
        policy: The current policy document, which contains the earlier stops.
    """
    certified = {task.fingerprint for task in revision.status.tasks}
    stopped = certified.intersection(stopped_tasks(revision, pods, policy))
    if not stopped:
        return None
    names = ", ".join(sorted(stopped))
    return f"a pod detected gross failure in audits and stopped: {names}"


def _revision_policy(
    router: TracerRouter, revision: TracerRevision, pods: Iterable[PodState]
) -> RevisionPolicy:
    status = revision.status
    shadow = status.phase is RevisionPhase.SHADOW
    waiting = shadow and status.traffic_since is None
    if status.phase not in _WITH_SURROGATE or waiting:
        return RevisionPolicy()
    if status.bundle is None or find_invalidation(router, revision):
        return RevisionPolicy()
    return RevisionPolicy(
        surrogate=not shadow,
        audit=audit_rate(router, revision),
        bundle=status.bundle.digest,
        tasks=tuple(task.fingerprint for task in status.tasks),
        pods=tuple(sorted(pod.name for pod in pods if pod.ready)),
        closed=tuple(cell.cell for cell in status.closed),
    )
