"""One rollout on a real cluster, shared by every end-to-end test."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from examples.demo.account import Account
from examples.demo.cluster import Cluster, connect
from examples.demo.install import TEACHER_KEY
from examples.demo.questions import Questions, prepare_questions
from examples.demo.story import ROUTER, roll_out, set_up
from examples.demo.traffic import Clients, Load
from examples.demo.watch import View, Watch
from tracer_router.api import RevisionPhase

NAMESPACE = "tracer-e2e"


@dataclass
class Rollout:
    """A router that went from nothing to a live surrogate under traffic."""

    cluster: Cluster
    view: View
    account: Account
    questions: Questions
    killed_during: str
    """Phase in which the operator's pod was killed."""

    def ask(self, count: int) -> Account:
        """Send held-back questions and give what the clients saw."""
        return asyncio.run(self._ask(count))

    async def _ask(self, count: int) -> Account:
        clients = _clients(self.cluster, self.questions)
        try:
            await clients.send(self.questions.held_back[:count])
        finally:
            await clients.close()
        return clients.account


@pytest.fixture(scope="session")
def rollout() -> Iterator[Rollout]:
    cluster = connect()
    set_up(cluster, NAMESPACE)
    yield asyncio.run(_roll_out(cluster))
    # The cluster may serve a demo next: leave it no running pods of ours.
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


async def _roll_out(cluster: Cluster) -> Rollout:
    questions = prepare_questions()
    clients = _clients(cluster, questions)
    watch = Watch(cluster, NAMESPACE, ROUTER)
    killed: list[str] = []

    def kill_the_operator(view: View) -> None:
        # Once, at the most delicate moment: a candidate takes its first traffic.
        if not killed and view.in_phase(RevisionPhase.CANARY) and view.weight > 0:
            where = ("-n", NAMESPACE, "-l", "app.kubernetes.io/component=operator")
            cluster.kubectl("delete", "pod", *where, "--grace-period=0", "--force")
            killed.append(str(view.phase))

    watch.listeners.append(kill_the_operator)
    try:
        view = await roll_out(watch, clients, questions)
    finally:
        await clients.close()
    return Rollout(cluster, view, clients.account, questions, "".join(killed))


def _clients(cluster: Cluster, questions: Questions) -> Clients:
    return Clients(cluster.gateway_url, TEACHER_KEY, questions.labels, Load())
