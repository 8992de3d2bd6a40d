"""A revision says once what it is; only its status moves."""

from datetime import UTC, datetime
from typing import Any

import pytest

from support.apiserver import ApiServer
from support.manifests import revision_manifest, with_field
from tracer_core.contracts.counters import LegCounters
from tracer_router.api import (
    Baseline,
    BootCounts,
    BundleStatus,
    CellCounts,
    CertificateStatus,
    ClosedCell,
    Condition,
    ConditionStatus,
    Detector,
    DriftWatch,
    EvidenceStatus,
    Percent,
    RevisionCounts,
    RevisionPhase,
    ShareBaseline,
    TaskCertificate,
    TaskCounts,
    TaskEvidenceStatus,
    TracerRevision,
    TracerRevisionStatus,
    set_condition,
)

pytestmark = pytest.mark.cluster

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
BASE = "/apis/tracerml.ai/v1alpha1/namespaces"
COUNTS = RevisionCounts(
    requests=9,
    surrogate=5,
    faults=1,
    cached=2,
    diverted=3,
    refused=1,
    surrogate_leg=LegCounters(questions=5, slow=1),
    teacher_leg=LegCounters(questions=4, slow=2),
    tasks=(
        TaskCounts(
            task="t1",
            requests=9,
            cells=(CellCounts(cell="card lost", agreed=3, disagreed=1),),
            cost_saved="0.000123456789",
            cost_spread="0.00000000000012",
            cost_cached="0.002",
        ),
    ),
)
STATUS = TracerRevisionStatus(
    observed_generation=1,
    phase=RevisionPhase.CANARY,
    reason="certified",
    bundle=BundleStatus(digest="sha256:01", bento="sha256:02", key="bundles/x.bento"),
    tasks=(
        TaskCertificate(
            fingerprint="t1",
            certificate=CertificateStatus(
                target=Percent("95%"),
                confidence=Percent("95%"),
                attempt=1,
                level="0.025",
                n=700,
                k=690,
                m=2,
                coverage=Percent("61.2%"),
            ),
            evidence=TaskEvidenceStatus(agreed=5),
        ),
    ),
    evidence=EvidenceStatus(
        retired=COUNTS,
        boots=(BootCounts(boot="b1", pod="p", counts=COUNTS),),
        ended=("b0",),
    ),
    rollout_step=0,
    step_since=NOW,
    rollout_since=NOW,
    traffic_since=NOW,
    unserved=True,
    approved=True,
    handled=("20261124t100000-ab12cd",),
    earlier=Baseline(
        agreed=60, disagreed=40, teacher_leg=LegCounters(questions=50, slow=1)
    ),
    share=ShareBaseline(own=5, others=95),
    drift=DriftWatch(
        began=NOW,
        told=NOW,
        audits=100,
        detectors=(
            Detector(cell="", logs="1.5,-inf,0.1,2", audits=100),
            Detector(cell="card lost", logs="1.5,2,0.1,2", audits=4, disagreed=1),
        ),
    ),
    drifted=True,
    closed=(ClosedCell(cell="card lost", reason="below 0.95: 3 of 4", weakens=True),),
    conditions=set_condition(
        (), Condition(type="Ready", status=ConditionStatus.TRUE, reason="Test"), NOW
    ),
)


def create(api: ApiServer, namespace: str, name: str, **spec: Any) -> str:
    path = f"{BASE}/{namespace}/tracerrevisions/{name}"
    answer = api.apply(path, revision_manifest(name, **spec))
    assert answer.message == ""
    return path


def test_revision_0_has_no_attempt(api: ApiServer, namespace: str) -> None:
    path = create(api, namespace, "zero-r0", revision=0, attempt=None)
    assert api.get(path).body["status"] == {"observedGeneration": -1}


@pytest.mark.parametrize(
    ("field", "value"),
    [("image", "other"), ("revision", 2), ("attempt.seed", 8), ("attempt", None)],
)
def test_a_change_of_the_spec_is_rejected(
    api: ApiServer, namespace: str, field: str, value: object
) -> None:
    path = create(api, namespace, "fixed-r1")
    changed = with_field(revision_manifest("fixed-r1"), f"spec.{field}", value)
    answer = api.apply(path, changed)
    assert answer.code == 422
    assert "spec: Invalid value" in answer.message
    assert "the spec of a revision is immutable" in answer.message


def test_the_complete_status_is_stored_unchanged(
    api: ApiServer, namespace: str
) -> None:
    path = create(api, namespace, "status-r1")
    manifest = {
        "apiVersion": "tracerml.ai/v1alpha1",
        "kind": "TracerRevision",
        "status": STATUS.to_manifest(),
    }
    answer = api.apply(f"{path}/status", manifest)
    assert answer.message == ""
    assert TracerRevision.model_validate(api.get(path).body).status == STATUS


def test_a_status_that_is_written_with_the_spec_is_ignored(
    api: ApiServer, namespace: str
) -> None:
    path = f"{BASE}/{namespace}/tracerrevisions/spec-r1"
    manifest = revision_manifest("spec-r1") | {"status": STATUS.to_manifest()}
    assert api.apply(path, manifest).body["status"] == {"observedGeneration": -1}


def test_two_boots_with_the_same_id_are_rejected(
    api: ApiServer, namespace: str
) -> None:
    path = create(api, namespace, "boots-r1")
    boots = [{"boot": "b1", "pod": "p"}, {"boot": "b1", "pod": "q"}]
    manifest = {
        "apiVersion": "tracerml.ai/v1alpha1",
        "kind": "TracerRevision",
        "metadata": {"name": "boots-r1"},
        "status": {"observedGeneration": 1, "evidence": {"boots": boots}},
    }
    answer = api.apply(f"{path}/status", manifest)
    assert "duplicate entries for key" in answer.message
    assert "evidence.boots" in answer.message
