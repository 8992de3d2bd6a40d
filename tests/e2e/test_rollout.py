"""Revision 0 to a certified live surrogate, and what must not change on the way."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from examples.demo.cluster import Cluster
from examples.demo.install import read_manifests
from scripts.image_context import ROOT
from support.cluster_store import store_of
from tests.e2e.conftest import NAMESPACE, Rollout
from tracer_router.api import Phase, RevisionPhase

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

_AT_REST_SECONDS = 30
_KINDS = (
    "tracerrouters,tracerrevisions,deployments,services,configmaps,jobs,"
    "httproutes,serviceaccounts,events"
)


def test_a_certified_surrogate_goes_live_without_one_failed_request(
    rollout: Rollout,
) -> None:
    account = rollout.account
    assert (account.failures, account.strangers) == ([], [])
    assert rollout.view.phase is Phase.LIVE
    assert account.by_surrogate > 0


def test_the_operator_killed_in_the_canary_goes_on_where_it_was(
    rollout: Rollout,
) -> None:
    assert rollout.killed_during == Phase.CANARY
    live = rollout.view.in_phase(RevisionPhase.LIVE)
    assert live is not None
    assert live.spec.revision == 1


def test_held_back_answers_agree_with_the_teacher_as_certified(
    rollout: Rollout,
) -> None:
    account = rollout.ask(800)
    live = rollout.view.in_phase(RevisionPhase.LIVE)
    assert live is not None
    certificate = live.status.tasks[0].certificate
    assert (account.failures, account.strangers) == ([], [])
    # Four standard errors below the target: a sound policy fails this once in 30,000.
    target, n = certificate.target.fraction, account.by_surrogate
    slack = 4 * (target * (1 - target) / n) ** 0.5
    assert account.agreement >= target - slack


def test_the_same_manifest_twice_changes_nothing(rollout: Rollout) -> None:
    manifests = read_manifests(ROOT / "examples" / "quickstart.yaml")
    rollout.cluster.apply(NAMESPACE, *manifests)
    before = _router(rollout)
    rollout.cluster.apply(NAMESPACE, *manifests)
    after = _router(rollout)
    assert before["metadata"]["generation"] == after["metadata"]["generation"]
    assert before["spec"] == after["spec"]


def test_nothing_is_written_to_the_api_at_rest(rollout: Rollout) -> None:
    _wait_until_trained(rollout)
    before = _versions(rollout), _writes(rollout)
    time.sleep(_AT_REST_SECONDS)
    assert (_versions(rollout), _writes(rollout)) == before


def test_every_route_lets_answers_take_their_time(rollout: Rollout) -> None:
    route = rollout.cluster.get("httproute", "quickstart", "-n", NAMESPACE)
    assert [rule["timeouts"] for rule in route["spec"]["rules"]] == [{"request": "0s"}]


def test_a_corrupt_bento_never_answers_and_its_pods_say_why(rollout: Rollout) -> None:
    cluster, where = rollout.cluster, ("-n", NAMESPACE)
    live = rollout.view.in_phase(RevisionPhase.LIVE)
    assert live is not None
    assert live.status.bundle is not None
    with store_of(cluster, NAMESPACE, "quickstart") as store:
        whole = store.read(live.status.bundle.key)
        store.write(live.status.bundle.key, whole[:-1] + bytes([whole[-1] ^ 1]))
        pods = "-l=tracerml.ai/revision=1,app.kubernetes.io/component=data-plane"
        cluster.kubectl("rollout", "restart", "deployment/quickstart-r1", *where)
        cluster.kubectl(
            "rollout", "status", "deployment/quickstart-r1", *where, "--timeout=3m"
        )
        _wait_until(lambda: _pods(cluster, pods) == 1)
        account = rollout.ask(100)
        said = cluster.kubectl("logs", pods, *where)
        store.write(live.status.bundle.key, whole)
    assert (account.failures, account.by_surrogate) == ([], 0)
    assert "surrogate not loaded" in said
    assert "as the revision says" in said


def _pods(cluster: Cluster, selector: str) -> int:
    return len(cluster.get("pods", "-n", NAMESPACE, selector)["items"])


def _wait_until(reached: Callable[[], bool], limit_seconds: float = 180) -> None:
    deadline = time.monotonic() + limit_seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(2)


def _router(rollout: Rollout) -> dict[str, Any]:
    return dict(rollout.cluster.get("tracerrouter", "quickstart", "-n", NAMESPACE))


def _wait_until_trained(rollout: Rollout) -> None:
    # The growth that the traffic brought has begun another attempt: let it end.
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline:
        items = rollout.cluster.get("tracerrevisions", "-n", NAMESPACE)["items"]
        moving = {"Training", "Canary", None}
        phases = {each.get("status", {}).get("phase") for each in items}
        if not phases & moving:
            time.sleep(20)  # figures are written every ten seconds at most
            return
        if "Canary" in phases:
            rollout.ask(1500)
        time.sleep(3)


def _versions(rollout: Rollout) -> dict[str, str]:
    items = rollout.cluster.get(_KINDS, "-n", NAMESPACE)["items"]
    return {
        f"{each['kind']}/{each['metadata']['name']}": each["metadata"][
            "resourceVersion"
        ]
        for each in items
    }


def _writes(rollout: Rollout) -> int:
    """Count every write to our kinds that the API server has taken, refused or not."""
    metrics = rollout.cluster.kubectl("get", "--raw", "/metrics")
    return sum(
        int(float(line.rsplit(" ", 1)[1]))
        for line in metrics.splitlines()
        if line.startswith("apiserver_request_total{")
        and 'group="tracerml.ai"' in line
        and not any(f'verb="{verb}"' in line for verb in ("GET", "LIST", "WATCH"))
    )


def test_deleting_the_router_leaves_nothing_but_its_traces(rollout: Rollout) -> None:
    # Last in this file: it ends the rollout that the others share.
    cluster = rollout.cluster
    cluster.kubectl("delete", "tracerrouter", "quickstart", "-n", NAMESPACE)
    deadline = time.monotonic() + 180
    left = ["unknown"]
    while left and time.monotonic() < deadline:
        time.sleep(2)
        labelled = ("-n", NAMESPACE, "-l", "tracerml.ai/router=quickstart")
        kinds = _KINDS.replace(",events", ",pods,poddisruptionbudgets")
        found = json.loads(cluster.kubectl("get", kinds, *labelled, "-o", "json"))
        left = [f"{e['kind']}/{e['metadata']['name']}" for e in found["items"]]
    assert left == []
    with store_of(cluster, NAMESPACE, "quickstart") as store:
        assert store.list("traces/")
        assert "attempts/0001/result.json" in store.list("attempts/")
