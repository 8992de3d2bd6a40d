"""What every pod may do: the policy document, derived from phases and steps."""

from tracer_router.api import RevisionPhase, TracerRevision, TracerRouter
from tracer_router.contracts.policy import PolicyDocument, RevisionPolicy
from tracer_router.planning.observed import Observed
from tracer_router.planning.validity import void_reason

__all__ = ["canary_audit", "plan_policy"]


def plan_policy(
    observed: Observed, revisions: tuple[TracerRevision, ...]
) -> PolicyDocument:
    """Give the document; its generation grows only when its content changes."""
    wanted = {
        str(each.spec.revision): _revision_policy(observed.router, each)
        for each in revisions
        if each.status.phase
        not in {RevisionPhase.TRAINING, RevisionPhase.REJECTED, None}
    }
    live = observed.policy
    if live is None:
        return PolicyDocument(generation=1, revisions=wanted)
    if live.revisions == wanted:
        return live
    return PolicyDocument(generation=live.generation + 1, revisions=wanted)


def canary_audit(router: TracerRouter, step: int) -> float:
    """Give the audit rate of a step: falls with the weight, never below live."""
    steps, audit = router.spec.rollout.steps, router.spec.audit
    falling = audit.canary.fraction * steps[0].fraction / steps[step].fraction
    return max(audit.live.fraction, falling)


def _revision_policy(router: TracerRouter, revision: TracerRevision) -> RevisionPolicy:
    status = revision.status
    step = min(status.rollout_step or 0, len(router.spec.rollout.steps) - 1)
    match status.phase:
        case RevisionPhase.LIVE:
            audit = router.spec.audit.live.fraction
        case RevisionPhase.CANARY if status.rollout_step is not None:
            audit = canary_audit(router, step)
        case _:
            return RevisionPolicy()
    if status.bundle is None or void_reason(router, revision):
        return RevisionPolicy()
    return RevisionPolicy(
        surrogate=True,
        audit=audit,
        bundle=status.bundle.digest,
        tasks=tuple(task.fingerprint for task in status.tasks),
    )
