"""What pods report about themselves becomes conditions of the router."""

import pytest

from support.manifests import at, router_manifest
from tracer_core.contracts.evidence import CaptureState, Evidence
from tracer_router.api import ConditionStatus, Reason, TracerRouter
from tracer_router.planning.state.observed import Observed, PodState
from tracer_router.planning.status.reporting import evidence_reported, traces_stored

ROUTER = TracerRouter.model_validate(at(router_manifest(), "metadata.uid", "u"))


def seen(*pods: PodState) -> Observed:
    return Observed(ROUTER, pods=pods)


def pod(name: str, trouble: str | None = None, *, silent: bool = False) -> PodState:
    report = Evidence(revision=1, boot=name, capture=CaptureState(trouble=trouble))
    return PodState(name, 1, ready=True, evidence=None if silent else report)


@pytest.mark.parametrize(
    ("pods", "status", "reason"),
    [
        ((), ConditionStatus.UNKNOWN, Reason.NO_TRAFFIC_YET),
        ((pod("a"), pod("b", silent=True)), ConditionStatus.TRUE, Reason.TRACES_STORED),
        (
            (pod("a"), pod("b", "disk full")),
            ConditionStatus.FALSE,
            Reason.TRACES_BACKLOGGED,
        ),
    ],
)
def test_traces_are_stored_unless_a_pod_says_otherwise(
    pods: tuple[PodState, ...], status: ConditionStatus, reason: Reason
) -> None:
    found = traces_stored(seen(*pods))
    assert (found[1], found[2]) == (status, reason)
    assert "disk full" in found[3] or status is not ConditionStatus.FALSE


@pytest.mark.parametrize(
    ("pods", "status", "reason"),
    [
        ((), ConditionStatus.UNKNOWN, Reason.NO_TRAFFIC_YET),
        ((pod("a"), pod("b")), ConditionStatus.TRUE, Reason.EVIDENCE_FRESH),
        (
            (pod("a"), pod("b", silent=True)),
            ConditionStatus.FALSE,
            Reason.EVIDENCE_STALE,
        ),
    ],
)
def test_a_ready_pod_that_does_not_answer_is_named(
    pods: tuple[PodState, ...], status: ConditionStatus, reason: Reason
) -> None:
    found = evidence_reported(seen(*pods))
    assert (found[1], found[2]) == (status, reason)
    assert "such as b" in found[3] or status is not ConditionStatus.FALSE
