"""The rollout of a candidate: load, step by step on evidence, live, or back."""

from dataclasses import dataclass
from datetime import datetime

from tracer_router.api import RevisionPhase, TracerRevision, TracerRouter
from tracer_router.parity.verdict import (
    Aim,
    Assessment,
    AuditCounts,
    Verdict,
    assess,
)
from tracer_router.planning.evidence import total
from tracer_router.planning.observed import Observed, PodState
from tracer_router.planning.validity import void_reason

__all__ = ["Progress", "advance", "assess_revision", "loading_trouble", "weight_of"]


@dataclass(frozen=True, slots=True)
class Progress:
    """A revision after its evidence was judged, and what people should know."""

    revision: TracerRevision
    missing: str
    """What is missing for the next step."""


def assess_revision(router: TracerRouter, revision: TracerRevision) -> Assessment:
    """Judge the audits of a revision's certified tasks at its step."""
    certified = {task.fingerprint for task in revision.status.tasks}
    counts = total(revision.status.evidence).tasks
    audits = [each for each in counts if each.task in certified]
    parity = router.spec.parity
    return assess(
        Aim(parity.target.fraction, parity.margin.fraction, parity.confidence.fraction),
        AuditCounts(
            agreed=sum(each.audits_agreed for each in audits),
            disagreed=sum(each.audits_disagreed for each in audits),
            missing=sum(each.audits_missing for each in audits),
        ),
        min((revision.status.rollout_step or 0) + 1, len(router.spec.rollout.steps)),
        len(router.spec.rollout.steps),
    )


def weight_of(router: TracerRouter, candidate: TracerRevision | None) -> int:
    """Give the candidate's share of the traffic in percent."""
    if candidate is None or candidate.status.rollout_step is None:
        return 0
    steps = router.spec.rollout.steps
    step = min(candidate.status.rollout_step, len(steps) - 1)
    return round(steps[step].fraction * 100)


def loading_trouble(observed: Observed, revision: TracerRevision) -> str | None:
    """Say why not every pod has the expected bundle loaded; None when all have."""
    pods = observed.pods_of(revision.spec.revision)
    if len(pods) < observed.router.spec.replicas:
        return "its pods are being created"
    bundle = revision.status.bundle.digest if revision.status.bundle else None
    troubles = (_pod_trouble(pod, bundle) for pod in pods)
    return next((each for each in troubles if each is not None), None)


def advance(observed: Observed, revision: TracerRevision, now: datetime) -> Progress:
    """Give a canary or live revision after one look at its evidence."""
    router = observed.router
    void = void_reason(router, revision)
    canary = revision.status.phase is RevisionPhase.CANARY
    if void is not None and canary:
        return Progress(_move(revision, RevisionPhase.REJECTED, void, now), void)
    if void is not None:
        return Progress(revision, f"the surrogate is off: {void}")
    assessment = assess_revision(router, revision)
    if assessment.verdict is Verdict.ROLL_BACK:
        reason = assessment.reason
        return Progress(_move(revision, RevisionPhase.ROLLED_BACK, reason, now), reason)
    if not canary:
        return Progress(revision, "")
    return _advance_canary(observed, revision, assessment, now)


def _advance_canary(
    observed: Observed, revision: TracerRevision, seen: Assessment, now: datetime
) -> Progress:
    trouble = _blocked(observed, revision)
    if trouble is not None:
        return Progress(revision, trouble)
    step = revision.status.rollout_step
    last = len(observed.router.spec.rollout.steps) - 1
    if step is None:
        return Progress(_step(revision, 0, "every pod has it loaded", now), seen.reason)
    if seen.verdict is not Verdict.PROMOTE:
        return Progress(revision, seen.reason)
    if step < last:
        return Progress(_step(revision, step + 1, seen.reason, now), seen.reason)
    return Progress(_move(revision, RevisionPhase.LIVE, seen.reason, now), "")


def _blocked(observed: Observed, revision: TracerRevision) -> str | None:
    if observed.router.spec.suspend:
        return "spec.suspend is true: the rollout waits"
    if observed.router.spec.traffic.gateway is None:
        return "spec.traffic.gateway is not set: name a Gateway to split traffic"
    trouble = loading_trouble(observed, revision)
    return f"revision {revision.spec.revision}: {trouble}" if trouble else None


def _pod_trouble(pod: PodState, bundle: str | None) -> str | None:
    if pod.trouble is not None:
        return f"pod {pod.name}: {pod.trouble}"
    if not pod.ready or pod.evidence is None:
        return f"pod {pod.name} is not ready yet"
    state = pod.evidence.surrogate
    if state.loaded != bundle:
        cause = state.reason or "its bundle is not loaded yet"
        return f"pod {pod.name} passes everything to the teacher: {cause}"
    return None


def _step(
    revision: TracerRevision, step: int, reason: str, now: datetime
) -> TracerRevision:
    update = {"rollout_step": step, "step_since": now, "reason": reason}
    status = revision.status.model_copy(update=update)
    return revision.model_copy(update={"status": status})


def _move(
    revision: TracerRevision, phase: RevisionPhase, reason: str, now: datetime
) -> TracerRevision:
    update = {"phase": phase, "step_since": now, "reason": reason}
    status = revision.status.model_copy(update=update)
    return revision.model_copy(update={"status": status})
