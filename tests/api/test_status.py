"""The status of a router is written separately from the spec and stored unchanged."""

from datetime import UTC, datetime

import pytest

from support.apiserver import ApiServer
from support.manifests import router_manifest, with_field
from tracer_router.api import (
    Agreement,
    AuditStatus,
    Condition,
    ConditionStatus,
    History,
    Phase,
    Reason,
    RevisionTotals,
    SavingsStatus,
    TraceCounts,
    TracerRouter,
    TracerRouterStatus,
    Weight,
    set_condition,
)

pytestmark = pytest.mark.cluster

BASE = "/apis/tracerml.ai/v1alpha1/namespaces"
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
READY = Condition(
    type="Ready",
    status=ConditionStatus.TRUE,
    reason=Reason.TEACHER_SERVES,
    message="The teacher answers everything.",
    observed_generation=1,
)
STATUS = TracerRouterStatus(
    observed_generation=1,
    phase=Phase.COLLECTING,
    conditions=set_condition((), READY, NOW),
    stable=0,
    candidate=1,
    weight=Weight(asked=25, observed=24),
    policy_generation=4,
    coverage="61.2%",
    agreement=Agreement(estimate="97.1%", low="95.2%", high="98.4%", n=412),
    traces=TraceCounts(captured=2000, labelled=1900, needed=2850),
    next="about 60 more audits",
    saved="$1.23 (18%)",
    attempts=1,
    barred=("sha256:00",),
    audit=AuditStatus(rate="1.5%", reason="417 audits detect a loss", cost_per_day="2"),
    handled=("20261124t100000-ab12cd",),
    savings=SavingsStatus(
        saved="1.230000",
        low="1.100000",
        high="1.360000",
        avoided="1.500000",
        paid="5.600000",
        audits="0.120000",
        cached="0.40",
        pods="0.27",
        pods_until=NOW,
        embeddings="0.05",
    ),
    history=History(counts=RevisionTotals(requests=9), revisions=(1, 2)),
)


def status_manifest(name: str) -> dict[str, object]:
    return {
        "apiVersion": "tracerml.ai/v1alpha1",
        "kind": "TracerRouter",
        "metadata": {"name": name},
        "status": STATUS.to_manifest(),
    }


def test_the_complete_status_is_stored_and_the_generation_is_unchanged(
    api: ApiServer, namespace: str
) -> None:
    path = f"{BASE}/{namespace}/tracerrouters/kept"
    api.apply(path, router_manifest("kept"))
    answer = api.apply(f"{path}/status", status_manifest("kept"))
    assert answer.message == ""
    found = TracerRouter.model_validate(api.get(path).body)
    assert found.status == STATUS
    assert found.metadata.generation == 1


def test_an_unchanged_status_is_not_written_again(
    api: ApiServer, namespace: str
) -> None:
    path = f"{BASE}/{namespace}/tracerrouters/same"
    api.apply(path, router_manifest("same"))
    versions = [
        api.apply(f"{path}/status", status_manifest("same")).body["metadata"][
            "resourceVersion"
        ]
        for _ in range(2)
    ]
    assert versions[0] == versions[1]


@pytest.mark.parametrize(
    ("field", "value", "remedy"),
    [
        ("phase", "Dreaming", 'supported values: "Collecting"'),
        ("weight", {"asked": 101}, "less than or equal to 100"),
        ("conditions", [{"type": "Ready", "status": "True"}], "Required value"),
    ],
)
def test_an_invalid_status_is_rejected(
    api: ApiServer, namespace: str, field: str, value: object, remedy: str
) -> None:
    path = f"{BASE}/{namespace}/tracerrouters/shape"
    api.apply(path, router_manifest("shape"))
    manifest = with_field(status_manifest("shape"), f"status.{field}", value)
    answer = api.apply(f"{path}/status", manifest)
    assert f"status.{field}" in answer.message
    assert remedy in answer.message
