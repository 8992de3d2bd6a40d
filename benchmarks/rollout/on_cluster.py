"""Time until a rollback reaches clients under load, on a cluster.

    python -m benchmarks.rollout.on_cluster [--times 10] [--rate 100]
        [--split Gateway]

Runs on the cluster of the demo. A certified surrogate receives half of the traffic of
official clients. A user requests a rollback and then a retry, repeatedly; the last
rollback is of the live revision. Measured is the time from the verdict in the status of
the revision, and from the request of the user, to the last answer of the surrogate that
a client received.
"""

import argparse
import asyncio
import statistics
import time
from dataclasses import dataclass, field
from itertools import islice

from typing_extensions import override

from examples.demo.account import Account, Answer
from examples.demo.cluster import Cluster, connect
from examples.demo.images import build_images
from examples.demo.install import QUICKSTART, TEACHER_KEY, install, read_manifests
from examples.demo.questions import Questions, prepare_questions
from examples.demo.traffic import Clients, Load
from examples.demo.watch import View, Watch
from tracer_router.api import Phase, RevisionPhase

ROUTER = "rollback"
NAMESPACE = "rollback-bench"
MINIMUM = 2000
HALF = 50
CERTIFIED, ASKED = "85%", "80%"
"""A target below the certified one shortens the rollout, which is not measured."""
_STILL = 3.0
"""Seconds without an answer of the surrogate that count as its end."""


@dataclass(slots=True)
class Witness(Account):
    """An account with the time of the last answer of the surrogate."""

    last: float = 0.0

    @override
    def add(self, answer: Answer) -> None:
        Account.add(self, answer)
        if answer.decision == "surrogate":
            self.last = time.time()


@dataclass(slots=True)
class Bench:
    """One namespace under load."""

    cluster: Cluster
    watch: Watch
    questions: Questions
    rate: float
    split: str
    witness: Witness
    times: list[float] = field(default_factory=list)
    """Seconds from each verdict to the last answer."""

    def clients(self, rate: float) -> Clients:
        """Return official clients that report to the witness."""
        clients = Clients(
            self.cluster.gateway_url,
            TEACHER_KEY,
            self.questions.labels,
            Load(rate=rate),
            host=f"{NAMESPACE}.test",
        )
        clients.account = self.witness
        return clients

    def apply(self, target: str) -> None:
        """Apply a router with a target."""
        manifest = read_manifests(QUICKSTART)[0]
        manifest["metadata"]["name"] = ROUTER
        manifest["spec"] |= {
            "parity": {"target": target, "margin": "5%"},
            "training": {"minimumTraces": MINIMUM, "growth": "100%"},
            "rollout": {
                "steps": [f"{HALF}%", "100%"],
                "period": "1s",
                "promotion": "Manual",
            },
            "audit": {"live": "100%"},
        }
        manifest["spec"]["traffic"] |= {
            "hostnames": [f"{NAMESPACE}.test"],
            "split": self.split,
        }
        self.cluster.apply(NAMESPACE, manifest)

    async def ask(self, key: str, text: str) -> float:
        """Request a command; return the time of the request."""
        words = ("annotate", "tracerrouter", ROUTER, f"tracerml.ai/do-{key}={text}")
        await asyncio.to_thread(self.cluster.kubectl, "-n", NAMESPACE, *words)
        return time.time()

    async def roll_back(self, number: int, phase: Phase) -> None:
        """Measure one rollback."""
        asked = await self.ask(f"back-{number}", "rollback 1")
        view = await self.watch.until("a rollback", _rolled_back, 60)
        while time.time() - self.witness.last < _STILL:  # noqa: ASYNC110 - an account has no event
            await asyncio.sleep(_STILL)
        verdict = view.revisions[1].status.step_since
        if verdict is None:
            raise AssertionError("the rolled-back revision has no time of the rollback")
        self.times.append(self.witness.last - verdict.timestamp())
        print(
            f"{number}, {phase.value}: {self.times[-1]:.2f} s from the verdict,"
            f" {self.witness.last - asked:.2f} s from the request, to the last answer",
            flush=True,
        )

    async def answering(self, phase: Phase, weight: int) -> None:
        """Wait until the surrogate answers clients."""

        def reached(view: View) -> bool:
            heard = time.time() - self.witness.last < 1
            return view.phase is phase and view.weight == weight and heard

        await self.watch.until(f"answers as {phase.value}", reached, 240)


async def play(bench: Bench, times: int) -> None:
    """Go live, then roll back repeatedly."""
    traffic = bench.questions.endless()
    await bench.watch.until("a router that takes requests", View.serves, 120)
    quick = bench.clients(bench.rate * 2)
    await quick.send(islice(traffic, MINIMUM))
    await quick.close()
    await bench.watch.until("a candidate", _in_shadow, 240)
    bench.apply(ASKED)
    steady = bench.clients(bench.rate)
    async with steady.sending(traffic):
        for number in range(1, times):
            await bench.answering(Phase.CANARY, HALF)
            await bench.roll_back(number, Phase.CANARY)
            await bench.ask(f"again-{number}", "retry 1")
        await bench.answering(Phase.CANARY, HALF)
        await bench.ask("on", "promote 1")
        await bench.answering(Phase.LIVE, 0)
        await bench.roll_back(times, Phase.LIVE)
    await steady.close()


def _rolled_back(view: View) -> bool:
    return view.revisions[1].status.phase is RevisionPhase.ROLLED_BACK


def _in_shadow(view: View) -> bool:
    return view.in_phase(RevisionPhase.SHADOW) is not None


def main() -> None:
    """Set up, measure, print the results, and clean up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--split", default="Gateway", help="Gateway or Sticky")
    given = parser.parse_args()
    questions = prepare_questions()
    cluster = connect()
    install(cluster, NAMESPACE, build_images(cluster))
    watch = Watch(cluster, NAMESPACE, ROUTER)
    witness = Witness(frozenset(questions.labels))
    bench = Bench(cluster, watch, questions, given.rate, given.split, witness)
    try:
        bench.apply(CERTIFIED)
        asyncio.run(play(bench, given.times))
    finally:
        cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    print(
        f"median {statistics.median(bench.times):.2f} s, max {max(bench.times):.2f} s"
        f" from the verdict; {len(witness.failures)} requests failed of"
        f" {sum(witness.decisions.values())}"
    )


if __name__ == "__main__":
    main()
