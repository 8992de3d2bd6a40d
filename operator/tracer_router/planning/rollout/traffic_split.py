"""Who sends the candidate its share: the Gateway, or the stable pods themselves."""

import math
from collections.abc import Iterable

from tracer_core.contracts.policy import Diversion
from tracer_router.api import ShareBaseline, Split, TracerRevision, TracerRouter
from tracer_router.planning.evidence.evidence import total
from tracer_router.planning.rollout.promotion_criteria import current_weight
from tracer_router.planning.state.observed import Observed
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


def is_sticky(router: TracerRouter) -> bool:
    """Tell whether the stable pods hand the candidate's share over."""
    traffic = router.spec.traffic
    return traffic.gateway is None or traffic.split is Split.STICKY


def primary_revision(observed: Observed, roles: RevisionRoles) -> int:
    """Give the revision that takes all traffic but the candidate's.

    The stable one, as soon as it has a ready pod; until then whichever has, because a
    route must never point at nothing. A pod whose surrogate is off passes everything
    to the teacher, so any ready pod is safe.
    """
    ready = {pod.revision for pod in observed.pods if pod.ready}
    if roles.stable in ready or not ready:
        return roles.stable
    candidate = roles.candidate.spec.revision if roles.candidate else None
    others = sorted(ready - {candidate})
    return others[-1] if others else roles.stable


def route_share(
    router: TracerRouter, candidate: TracerRevision | None
) -> tuple[int | None, int]:
    """Give the candidate and its weight as the HTTPRoute has them."""
    if candidate is None or is_sticky(router):
        return None, 0
    return candidate.spec.revision, current_weight(router, candidate)


def diversion(
    router: TracerRouter, candidate: TracerRevision | None
) -> Diversion | None:
    """Give what the front pods hand over; none where a Gateway splits."""
    weight = current_weight(router, candidate)
    if candidate is None or not weight or not is_sticky(router):
        return None
    number = candidate.spec.revision
    return Diversion(
        revision=number, share=weight / _WHOLE, url=service_url(router, number)
    )


_ENOUGH = 200
"""Requests below which a share says nothing."""


_SEEN = 20
"""Requests that a candidate must have taken at a weight before it gets a higher one."""


_SLACK = 0.05
"""By how much the observed share may lie above the one asked for."""


def count_requests(
    candidate: TracerRevision, revisions: Iterable[TracerRevision]
) -> ShareBaseline:
    """Give the requests counted up to now, of the candidate and of the others."""
    number = candidate.spec.revision
    counts = {each.spec.revision: total(each.status.evidence) for each in revisions}
    others = (each.requests for key, each in counts.items() if key != number)
    own = counts[number].requests if number in counts else 0
    return ShareBaseline(own=own, others=sum(others))


def observed_share(
    candidate: TracerRevision, revisions: Iterable[TracerRevision]
) -> float | None:
    """Give the share since the step began; none before there are enough requests."""
    own, all_requests = _since_step(candidate, revisions)
    return own / all_requests if all_requests >= _ENOUGH else None


def below_minimum(
    candidate: TracerRevision, revisions: Iterable[TracerRevision]
) -> str | None:
    """Say that the step has seen too little to be worth anything; None when not."""
    own, _ = _since_step(candidate, revisions)
    if own >= _SEEN:
        return None
    return f"{_SEEN - own} more requests at this weight before the next one"


def above_share(
    candidate: TracerRevision, revisions: Iterable[TracerRevision], asked: float
) -> str | None:
    """Say that the candidate gets clearly more than was asked; None when not.

    Less is no harm: callers of the Service are never sent to a candidate.
    """
    own, seen = _since_step(candidate, revisions)
    if seen < _ENOUGH:
        return None
    share = own / seen
    if share <= asked + _SLACK + 3 * math.sqrt(asked * (1 - asked) / seen):
        return None
    return f"it gets {share:.1%} of the traffic instead of {asked:.0%}"


def _since_step(
    candidate: TracerRevision, revisions: Iterable[TracerRevision]
) -> tuple[int, int]:
    before = candidate.status.share
    if before is None:
        return 0, 0
    now = count_requests(candidate, revisions)
    own, others = max(0, now.own - before.own), max(0, now.others - before.others)
    return own, own + others
