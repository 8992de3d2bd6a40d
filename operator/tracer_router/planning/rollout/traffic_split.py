"""Which part of the traffic each revision gets, and how: by Gateway or by diversion."""

import math
from collections.abc import Iterable

from tracer_core.contracts.policy import Diversion
from tracer_router.api import ShareBaseline, Split, TracerRevision, TracerRouter
from tracer_router.planning.evidence.evidence import revision_total
from tracer_router.planning.rollout.promotion_criteria import current_weight
from tracer_router.planning.state.observed import PodState
from tracer_router.planning.state.roles import RevisionRoles
from tracer_router.resources.data_plane import service_url

__all__ = [
    "above_share",
    "below_minimum",
    "count_requests",
    "diversion",
    "is_sticky",
    "observed_share",
    "primary_revision",
    "route_share",
]

_WHOLE = 100
_MIN_REQUESTS_FOR_SHARE = 200
"""Requests of all revisions below which no share is computed."""
_MIN_REQUESTS_PER_STEP = 20
"""Requests that a candidate must receive at a weight before the next weight."""
_SHARE_TOLERANCE = 0.05
"""By how much the observed share may exceed the weight, beyond random variation."""


def is_sticky(router: TracerRouter) -> bool:
    """Return whether the stable pods divert the candidate's share."""
    traffic = router.spec.traffic
    return traffic.gateway is None or traffic.split is Split.STICKY


def primary_revision(pods: Iterable[PodState], roles: RevisionRoles) -> int:
    """Return the revision that receives all traffic except the candidate's share.

    This is the stable revision as soon as it has a ready pod. Until then it is another
    revision with a ready pod, because a route must have a ready backend. Every ready
    pod is safe: a pod whose surrogate is off passes everything to the teacher.
    """
    ready = {pod.revision for pod in pods if pod.ready}
    if roles.stable in ready or not ready:
        return roles.stable
    candidate = roles.candidate.spec.revision if roles.candidate else None
    others = sorted(ready - {candidate})
    return others[-1] if others else roles.stable


def route_share(
    router: TracerRouter, candidate: TracerRevision | None
) -> tuple[int | None, int]:
    """Return the candidate and its weight in the HTTPRoute; (None, 0) without one."""
    if candidate is None or is_sticky(router):
        return None, 0
    return candidate.spec.revision, current_weight(router, candidate)


def diversion(
    router: TracerRouter, candidate: TracerRevision | None
) -> Diversion | None:
    """Return what the primary pods divert; None if a Gateway splits the traffic."""
    weight = current_weight(router, candidate)
    if candidate is None or not weight or not is_sticky(router):
        return None
    number = candidate.spec.revision
    return Diversion(
        revision=number, share=weight / _WHOLE, url=service_url(router, number)
    )


def count_requests(
    candidate: TracerRevision, revisions: Iterable[TracerRevision]
) -> ShareBaseline:
    """Return the requests counted so far, of the candidate and of the others."""
    number = candidate.spec.revision
    requests = {
        revision.spec.revision: revision_total(revision.status.evidence).requests
        for revision in revisions
    }
    own = requests.pop(number, 0)
    return ShareBaseline(own=own, others=sum(requests.values()))


def observed_share(
    candidate: TracerRevision, revisions: Iterable[TracerRevision]
) -> float | None:
    """Return the candidate's share of the requests since its step began, in [0, 1].

    None if there are too few requests.
    """
    own, all_requests = _since_step(candidate, revisions)
    return own / all_requests if all_requests >= _MIN_REQUESTS_FOR_SHARE else None


def below_minimum(
    candidate: TracerRevision, revisions: Iterable[TracerRevision]
) -> str | None:
    """Return how many requests this step still requires; None if it has enough."""
    own, _ = _since_step(candidate, revisions)
    if own >= _MIN_REQUESTS_PER_STEP:
        return None
    return (
        f"revision {candidate.spec.revision} requires "
        f"{_MIN_REQUESTS_PER_STEP - own} more requests at this weight"
    )


def above_share(
    candidate: TracerRevision, revisions: Iterable[TracerRevision], weight: float
) -> str | None:
    """Return by how much the candidate exceeds its weight; None if it does not.

    A lower share is allowed: callers of the Service never reach a candidate.

    Args:
        candidate: The revision that is rolled out.
        revisions: All revisions, to count the requests of.
        weight: The configured share of the candidate, in [0, 1].
    """
    own, all_requests = _since_step(candidate, revisions)
    if all_requests < _MIN_REQUESTS_FOR_SHARE:
        return None
    share = own / all_requests
    deviation = math.sqrt(weight * (1 - weight) / all_requests)
    if share <= weight + _SHARE_TOLERANCE + 3 * deviation:
        return None
    return (
        f"revision {candidate.spec.revision} receives {share:.1%} of the traffic "
        f"instead of {weight:.0%}"
    )


def _since_step(
    candidate: TracerRevision, revisions: Iterable[TracerRevision]
) -> tuple[int, int]:
    """Return the requests since the step began: the candidate's, and all."""
    before = candidate.status.share
    if before is None:
        return 0, 0
    now = count_requests(candidate, revisions)
    own, others = max(0, now.own - before.own), max(0, now.others - before.others)
    return own, own + others
