"""A surrogate that one pod stopped stays stopped on all pods of its revision."""

from datetime import UTC, datetime

from support.manifests import revision_manifest, router_manifest, with_field
from tracer_core.contracts.evidence import Evidence, TaskEvidence
from tracer_core.contracts.policy import PolicyDocument
from tracer_router.api import (
    ConditionStatus,
    ConditionType,
    Reason,
    TracerRevision,
    TracerRouter,
)
from tracer_router.planning.rollout.policy import plan_policy
from tracer_router.planning.state.observed import Observed, PodState
from tracer_router.planning.state.roles import assign_roles
from tracer_router.planning.status.conditions import assess_conditions
from tracer_router.resources.pod.teacher import teacher_identity
from tracer_router.resources.redaction import build_redaction

ROUTER = TracerRouter.model_validate(with_field(router_manifest(), "metadata.uid", "u"))
REVISION = TracerRevision.model_validate(
    revision_manifest() | {"status": {"phase": "Live"}}
)

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def planned(policy: PolicyDocument | None, *stopped: str) -> PolicyDocument:
    tasks = tuple(TaskEvidence(task=task, stopped=True) for task in stopped)
    evidence = Evidence(revision=1, boot="b", tasks=tasks)
    pods = (PodState("a", 1), PodState("b", 1, ready=True, evidence=evidence))
    observed = Observed(ROUTER, (REVISION,), pods=pods, policy=policy)
    return plan_policy(observed, (REVISION,), assign_roles((REVISION,)))


def test_a_stop_is_sent_to_every_pod_and_outlives_its_pod() -> None:
    first = planned(None, "t1")
    assert first.build(1).stopped == ("t1",)
    later = planned(first, "t2")
    assert later.build(1).stopped == ("t1", "t2")
    assert later.generation == first.generation + 1
    assert planned(later) == later


def test_a_stop_is_reported_in_the_condition_certified() -> None:
    certificate = {
        "target": "95%",
        "confidence": "95%",
        "attempt": 1,
        "level": "0.025",
        "n": 700,
        "k": 690,
        "m": 0,
        "coverage": "60%",
    }
    identity = teacher_identity(ROUTER)
    redaction = build_redaction(ROUTER).to_json().decode()
    live = TracerRevision.model_validate(
        revision_manifest(teacher=identity, redaction=redaction)
        | {
            "status": {
                "phase": "Live",
                "tasks": [{"fingerprint": "t1", "certificate": certificate}],
            }
        }
    )
    evidence = Evidence(
        revision=1, boot="b", tasks=(TaskEvidence(task="t1", stopped=True),)
    )
    pods = (PodState("b", 1, ready=True, evidence=evidence),)
    observed = Observed(ROUTER, (live,), pods=pods)
    states = assess_conditions(observed, (live,), assign_roles((live,)), "", NOW)
    (certified,) = [state for state in states if state.type is ConditionType.CERTIFIED]
    assert (certified.status, certified.reason) == (
        ConditionStatus.FALSE,
        Reason.SELF_DEMOTED,
    )
    assert "gross failure and stopped: t1" in certified.message
