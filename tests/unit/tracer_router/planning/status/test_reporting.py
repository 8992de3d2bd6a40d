"""Conditions of the router from the reports of its pods."""

import pytest

from tracer_core.contracts.evidence import CaptureState, Evidence
from tracer_router.api import ConditionStatus, Reason
from tracer_router.planning.state.observed import PodState
from tracer_router.planning.status.reporting import (
    assess_evidence_reporting,
    assess_trace_storage,
)


def pod(name: str, error: str | None = None, *, silent: bool = False) -> PodState:
    report = Evidence(revision=1, boot=name, capture=CaptureState(trouble=error))
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
def test_traces_are_stored_unless_a_pod_reports_an_error(
    pods: tuple[PodState, ...], status: ConditionStatus, reason: Reason
) -> None:
    found = assess_trace_storage(pods)
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
    found = assess_evidence_reporting(pods)
    assert (found[1], found[2]) == (status, reason)
    assert "for example b" in found[3] or status is not ConditionStatus.FALSE
