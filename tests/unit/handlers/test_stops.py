"""A stop that one pod has made holds for all of its revision, for good."""

from support.manifests import at, revision_manifest, router_manifest
from tracer_router.api import TracerRevision, TracerRouter
from tracer_router.contracts.evidence import Evidence, TaskEvidence
from tracer_router.contracts.policy import PolicyDocument
from tracer_router.planning.observed import Observed, PodState
from tracer_router.planning.policy import plan_policy

ROUTER = TracerRouter.model_validate(at(router_manifest(), "metadata.uid", "u"))
REVISION = TracerRevision.model_validate(
    revision_manifest() | {"status": {"phase": "Live"}}
)


def planned(policy: PolicyDocument | None, *stopped: str) -> PolicyDocument:
    tasks = tuple(TaskEvidence(task=each, stopped=True) for each in stopped)
    evidence = Evidence(revision=1, boot="b", tasks=tasks)
    pods = (PodState("a", 1), PodState("b", 1, ready=True, evidence=evidence))
    observed = Observed(ROUTER, (REVISION,), pods=pods, policy=policy)
    return plan_policy(observed, (REVISION,))


def test_a_stop_is_told_to_every_pod_and_outlives_the_pod_that_made_it() -> None:
    first = planned(None, "t1")
    assert first.of(1).stopped == ("t1",)
    later = planned(first, "t2")
    assert later.of(1).stopped == ("t1", "t2")
    assert later.generation == first.generation + 1
    assert planned(later) == later
