"""Which Kubernetes objects the revisions require, and which objects to delete."""

from datetime import datetime

from tracer_router.api import RevisionPhase, TracerRevision, TracerRouter
from tracer_router.planning.attempts.training import attempt_request
from tracer_router.planning.rollout.traffic_split import primary_revision, route_share
from tracer_router.planning.state.observed import Observed
from tracer_router.planning.state.roles import RevisionRoles
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
from tracer_router.resources.pod.access import build_service_account
from tracer_router.resources.route import build_front_service, build_route
from tracer_router.resources.training_job import build_request, build_training

__all__ = [
    "exceeding_history",
    "plan_children",
    "plan_deletions",
]

_ROLLING = {RevisionPhase.SHADOW, RevisionPhase.CANARY}
_ENDED = {RevisionPhase.SUPERSEDED, RevisionPhase.ROLLED_BACK, RevisionPhase.REJECTED}


def plan_children(
    observed: Observed,
    revisions: tuple[TracerRevision, ...],
    roles: RevisionRoles,
    installation: Installation,
    now: datetime,
) -> tuple[Manifest, ...]:
    """Return every object to apply, in the order of creation."""
    router = observed.router
    children = [build_service_account(router), build_maintenance(router, installation)]
    primary = primary_revision(observed.pods, roles)
    for revision in revisions:
        if _serves(observed, revision, roles, primary, now):
            children += _serving_objects(router, revision, installation)
        if revision.status.phase is RevisionPhase.TRAINING:
            children += _training_objects(observed, revision, installation)
    children.append(build_front_service(router, primary))
    if router.spec.traffic.gateway is not None:
        share = route_share(router, roles.candidate)
        children.append(build_route(router, primary, *share))
    return tuple(children)


def plan_deletions(
    observed: Observed,
    revisions: tuple[TracerRevision, ...],
    applied: tuple[Manifest, ...],
) -> tuple[ObjectKey, ...]:
    """Return the objects that the router controls and no longer requires.

    Jobs and requests of kept revisions stay, for diagnosis.
    """
    dropped = exceeding_history(observed, revisions)
    kept = {ObjectKey.from_manifest(manifest) for manifest in applied}
    kept.add(ObjectKey("ConfigMap", policy_name(observed.router)))
    for revision in revisions:
        if revision not in dropped:
            name = revision.metadata.name
            kept.add(ObjectKey("Job", f"{name}-training"))
            # As long as the Job, because one of its pods may still be terminating.
            kept.add(ObjectKey("NetworkPolicy", f"{name}-training"))
            kept.add(ObjectKey("ConfigMap", f"{name}-attempt"))
    orphans = tuple(sorted(key for key in observed.children if key not in kept))
    # Only after the written status of the router contains their counts.
    counted = set(observed.router.status.history.revisions)
    names = (
        revision.metadata.name
        for revision in dropped
        if revision.spec.revision in counted
    )
    return orphans + tuple(ObjectKey("TracerRevision", name) for name in names)


def exceeding_history(
    observed: Observed, revisions: tuple[TracerRevision, ...]
) -> tuple[TracerRevision, ...]:
    """Return the ended revisions that exceed `spec.historyLimit`."""
    deployed = {key.name for key in observed.children if key.kind == "Deployment"}
    ended = [
        revision
        for revision in revisions
        if revision.status.phase in _ENDED and revision.metadata.name not in deployed
    ]
    limit = observed.router.spec.history_limit
    return tuple(ended[:-limit]) if len(ended) > limit else ()


def _serves(
    observed: Observed,
    revision: TracerRevision,
    roles: RevisionRoles,
    primary: int,
    now: datetime,
) -> bool:
    """Return whether a revision must have pods."""
    number, phase = revision.spec.revision, revision.status.phase
    if number == roles.stable or phase in _ROLLING:
        return True
    deployed = ObjectKey("Deployment", revision.metadata.name) in observed.children
    if not deployed or phase is RevisionPhase.TRAINING:
        return False
    # The pass-through has no time of its own: it ended when the stable one began.
    stable = observed.revision(roles.stable)
    since = revision.status.step_since or (stable.status.step_since if stable else None)
    soak = observed.router.spec.rollout.soak.span
    soaking = since is not None and now - since < soak
    return soaking or number == primary


def _serving_objects(
    router: TracerRouter, revision: TracerRevision, installation: Installation
) -> list[Manifest]:
    number = revision.spec.revision
    bundle, attempt = revision.status.bundle, revision.spec.attempt
    served = Served(
        revision=number,
        image=revision.spec.image,
        bundle=bundle.digest if bundle else None,
        bento=bundle.bento if bundle else None,
        bento_key=bundle.key if bundle else None,
        embedder=attempt.embedder if attempt else None,
    )
    objects = [
        build_deployment(router, served, installation),
        build_service(router, number),
    ]
    if router.spec.replicas > 1:
        objects.append(build_disruption_budget(router, number))
    return objects


def _training_objects(
    observed: Observed, revision: TracerRevision, installation: Installation
) -> list[Manifest]:
    router = observed.router
    *network, job = build_training(router, revision, installation)
    objects = [build_request(router, attempt_request(router, revision)), *network]
    # The template of a Job is immutable: it stays as it was created.
    if ObjectKey.from_manifest(job) not in observed.children:
        objects.append(job)
    return objects
