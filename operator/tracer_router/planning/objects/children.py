"""Which objects must exist for the revisions as they are now, and which no longer."""

from datetime import datetime

from tracer_router.api import RevisionPhase, TracerRevision
from tracer_router.planning.attempts.training import attempt_request
from tracer_router.planning.rollout.traffic_split import primary_revision, route_share
from tracer_router.planning.state.observed import Observed
from tracer_router.planning.state.roles import RevisionRoles
from tracer_router.resources.access import build_service_account
from tracer_router.resources.data_plane import (
    Served,
    build_deployment,
    build_disruption_budget,
    build_service,
    policy_name,
)
from tracer_router.resources.installation import Installation
from tracer_router.resources.maintenance import build_maintenance
from tracer_router.resources.manifest import Manifest, ObjectKey
from tracer_router.resources.route import build_front_service, build_route
from tracer_router.resources.training_job import build_request, build_training

__all__ = [
    "beyond_history",
    "plan_children",
    "plan_deletions",
]

_ROLLING = {RevisionPhase.SHADOW, RevisionPhase.CANARY}
_RETIRED = {RevisionPhase.SUPERSEDED, RevisionPhase.ROLLED_BACK, RevisionPhase.REJECTED}


def plan_children(
    observed: Observed,
    revisions: tuple[TracerRevision, ...],
    roles: RevisionRoles,
    installation: Installation,
    now: datetime,
) -> tuple[Manifest, ...]:
    """Give every object that must be as given, in the order of creation."""
    router = observed.router
    found = [build_service_account(router), build_maintenance(router, installation)]
    for revision in revisions:
        if _serves(observed, revision, roles, now):
            found += _serving(observed, revision, installation)
        if revision.status.phase is RevisionPhase.TRAINING:
            found += _training(observed, revision, installation)
    front = primary_revision(observed, roles)
    found.append(build_front_service(router, front))
    if router.spec.traffic.gateway is not None:
        found.append(build_route(router, front, *route_share(router, roles.candidate)))
    return tuple(found)


def plan_deletions(
    observed: Observed,
    revisions: tuple[TracerRevision, ...],
    wanted: tuple[Manifest, ...],
) -> tuple[ObjectKey, ...]:
    """Give what the router controls and no longer needs.

    Jobs and requests of kept revisions stay for people to read.
    """
    dropped = beyond_history(observed, revisions)
    keep = {ObjectKey.from_manifest(each) for each in wanted}
    keep.add(ObjectKey("ConfigMap", policy_name(observed.router)))
    for revision in revisions:
        if revision not in dropped:
            name = revision.metadata.name
            keep.add(ObjectKey("Job", f"{name}-training"))
            # As long as the Job: a pod of it may be ending still.
            keep.add(ObjectKey("NetworkPolicy", f"{name}-training"))
            keep.add(ObjectKey("ConfigMap", f"{name}-attempt"))
    orphans = tuple(sorted(key for key in observed.children if key not in keep))
    # Only once the router's status says that their counts are in its history.
    safe = set(observed.router.status.history.revisions)
    names = (e.metadata.name for e in dropped if e.spec.revision in safe)
    return orphans + tuple(ObjectKey("TracerRevision", name) for name in names)


def _serves(
    observed: Observed, revision: TracerRevision, roles: RevisionRoles, now: datetime
) -> bool:
    number, phase = revision.spec.revision, revision.status.phase
    if number == roles.stable or phase in _ROLLING:
        return True
    if number == 0 and not roles.stable:
        return True
    deployed = ObjectKey("Deployment", revision.metadata.name) in observed.children
    if not deployed or phase is RevisionPhase.TRAINING:
        return False
    since = revision.status.step_since or _since(observed, roles.stable)
    soak = observed.router.spec.rollout.soak.span
    soaking = since is not None and now - since < soak
    return soaking or number == primary_revision(observed, roles)


def _since(observed: Observed, stable: int) -> datetime | None:
    """Say since when the stable revision serves: the pass-through retired then."""
    found = observed.revision(stable)
    return found.status.step_since if found else None


def _serving(
    observed: Observed, revision: TracerRevision, installation: Installation
) -> list[Manifest]:
    router, number = observed.router, revision.spec.revision
    bundle, attempt = revision.status.bundle, revision.spec.attempt
    served = Served(
        revision=number,
        image=revision.spec.image,
        bundle=bundle.digest if bundle else None,
        bento=bundle.bento if bundle else None,
        bento_key=bundle.key if bundle else None,
        embedder=attempt.embedder if attempt else None,
    )
    found = [
        build_deployment(router, served, installation),
        build_service(router, number),
    ]
    if router.spec.replicas > 1:
        found.append(build_disruption_budget(router, number))
    return found


def _training(
    observed: Observed, revision: TracerRevision, installation: Installation
) -> list[Manifest]:
    router = observed.router
    *network, job = build_training(router, revision, installation)
    found = [build_request(router, attempt_request(router, revision)), *network]
    # The template of a Job cannot be changed: as it was begun, so it ends.
    return found if ObjectKey.from_manifest(job) in observed.children else [*found, job]


def beyond_history(
    observed: Observed, revisions: tuple[TracerRevision, ...]
) -> tuple[TracerRevision, ...]:
    """Give the ended revisions that are no longer kept."""
    deployed = {key.name for key in observed.children if key.kind == "Deployment"}
    retired = [
        each
        for each in revisions
        if each.status.phase in _RETIRED and each.metadata.name not in deployed
    ]
    limit = observed.router.spec.history_limit
    return tuple(retired[:-limit]) if len(retired) > limit else ()
