"""When something is missing or broken: the teacher answers, and status says why."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from examples.demo.cluster import Cluster
from examples.demo.install import TEACHER_KEY
from examples.demo.questions import system_prompt
from tests.e2e.conftest import NAMESPACE, Rollout

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

_LIMIT_SECONDS = 150


def make_router(name: str, teacher: str) -> dict[str, Any]:
    gateway = {"name": "gw", "namespace": "gateway", "sectionName": "http"}
    return {
        "apiVersion": "tracerml.ai/v1alpha1",
        "kind": "TracerRouter",
        "metadata": {"name": name},
        "spec": {
            "teacher": {"url": teacher},
            "parity": {"target": "90%"},
            "traffic": {"gateway": gateway, "hostnames": [f"{name}.test"]},
            "replicas": 1,
        },
    }


@pytest.fixture
def routers(rollout: Rollout) -> Iterator[Callable[[str, str], None]]:
    made: list[str] = []

    def make(name: str, teacher: str) -> None:
        made.append(name)
        rollout.cluster.apply(NAMESPACE, make_router(name, teacher))

    yield make
    for name in made:
        rollout.cluster.kubectl("delete", "tracerrouter", name, "-n", NAMESPACE)


def test_an_unreachable_teacher_is_told_in_status_and_in_the_apis_own_shape(
    rollout: Rollout, routers: Callable[[str, str], None]
) -> None:
    routers("lost", "http://nowhere.invalid/v1")
    until(lambda: holds(rollout.cluster, "lost", "Ready"))
    answer = ask(rollout, "lost")
    assert answer.status_code == httpx.codes.BAD_GATEWAY
    assert set(answer.json()["error"]) >= {"message", "type", "code"}
    until(lambda: condition(rollout.cluster, "lost", "TeacherReachable")[0] == "False")
    assert (
        "nowhere.invalid" in condition(rollout.cluster, "lost", "TeacherReachable")[1]
    )


def test_explain_says_how_many_traces_are_missing(
    rollout: Rollout, routers: Callable[[str, str], None]
) -> None:
    routers("young", "http://recorded-teacher/v1")
    until(lambda: holds(rollout.cluster, "young", "Ready"))
    program = [sys.executable, "-m", "tracer_router", "explain", "young"]
    environment = {"KUBECONFIG": rollout.cluster.kubeconfig or ""}
    said = subprocess.run(
        [*program, "-n", NAMESPACE],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "1000 more labelled requests until the next attempt (0 of 1000)" in said


def test_a_store_that_is_down_at_start_never_touches_a_request(
    rollout: Rollout, routers: Callable[[str, str], None]
) -> None:
    cluster, store = rollout.cluster, "deployment/tracer-router-store"
    cluster.kubectl("scale", store, "-n", NAMESPACE, "--replicas=0")
    try:
        routers("early", "http://recorded-teacher/v1")
        until(lambda: holds(cluster, "early", "Ready"))
        codes = [ask(rollout, "early", number).status_code for number in range(30)]
    finally:
        cluster.kubectl("scale", store, "-n", NAMESPACE, "--replicas=1")
    assert codes == [httpx.codes.OK] * 30
    until(lambda: captured(cluster, "early") == 30)


def ask(rollout: Rollout, router: str, number: int = 0) -> httpx.Response:
    """Ask through the Gateway until the route is known there."""
    question = rollout.questions.traffic[number]
    messages = [
        {"role": "system", "content": system_prompt(rollout.questions.labels)},
        {"role": "user", "content": question.text},
    ]
    body = {"model": "gpt-4", "messages": messages, "temperature": 0}
    headers = {"host": f"{router}.test", "authorization": f"Bearer {TEACHER_KEY}"}
    url = f"{rollout.cluster.gateway_url}/v1/chat/completions"
    return asyncio.run(_post(url, headers, body))


async def _post(url: str, headers: dict[str, str], body: Any) -> httpx.Response:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        return await client.post(url, headers=headers, json=body)


def condition(cluster: Cluster, router: str, kind: str) -> tuple[str, str]:
    """Give status and message of a condition."""
    found = cluster.get("tracerrouter", router, "-n", NAMESPACE)
    for each in found.get("status", {}).get("conditions", []):
        if each["type"] == kind:
            return each["status"], each["message"]
    return "Unknown", ""


def holds(cluster: Cluster, router: str, kind: str) -> bool:
    """Tell whether a condition is true and the route is taken."""
    programmed = condition(cluster, router, "TrafficProgrammed")[0]
    return condition(cluster, router, kind)[0] == "True" and programmed == "True"


def captured(cluster: Cluster, router: str) -> int:
    """Give the traces that have reached the store."""
    found = cluster.get("tracerrouter", router, "-n", NAMESPACE)
    return int(found["status"]["traces"]["captured"])


def until(reached: Callable[[], bool]) -> None:
    """Look again every second until something is reached."""
    deadline = time.monotonic() + _LIMIT_SECONDS
    while not reached():
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(1)
