"""Who sends the candidate its share: the Gateway, or the stable pods themselves."""

from tracer_router.api import Split, TracerRevision, TracerRouter
from tracer_router.contracts.policy import Diversion
from tracer_router.planning.gates import weight_of
from tracer_router.planning.observed import Observed
from tracer_router.planning.roles import Roles
from tracer_router.resources.data_plane import service_url

__all__ = ["diversion", "front_revision", "is_sticky", "route_share"]

_WHOLE = 100


def is_sticky(router: TracerRouter) -> bool:
    """Tell whether the stable pods hand the candidate's share over."""
    traffic = router.spec.traffic
    return traffic.gateway is None or traffic.split is Split.STICKY


def front_revision(observed: Observed, roles: Roles) -> int:
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
    return candidate.spec.revision, weight_of(router, candidate)


def diversion(
    router: TracerRouter, candidate: TracerRevision | None
) -> Diversion | None:
    """Give what the front pods hand over; none where a Gateway splits."""
    weight = weight_of(router, candidate)
    if candidate is None or not weight or not is_sticky(router):
        return None
    number = candidate.spec.revision
    return Diversion(
        revision=number, share=weight / _WHOLE, url=service_url(router, number)
    )
