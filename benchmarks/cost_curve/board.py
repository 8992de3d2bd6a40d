"""The objects of one router in memory, and the reconciliation of the operator.

Plans come from `plan_reconcile`; this module executes them as the operator does.
"""

import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from benchmarks.cost_curve.pod import Pod
from benchmarks.cost_curve.prices import POD_PRICES, SHARED, TRAINING
from tracer_bentos.bundle.bundle import BundlePredictor
from tracer_bentos.serving.server.bundle_loader import read_bundle
from tracer_bentos.store import TraceStore
from tracer_bentos.training.run.job import run_attempt, summarize
from tracer_core.contracts.policy import PolicyDocument
from tracer_router.api import RevisionPhase, TracerRevision, TracerRouter
from tracer_router.cluster.quantity import parse_quantity
from tracer_router.planning.attempts.training import attempt_request
from tracer_router.planning.reconcile import plan_reconcile
from tracer_router.planning.state.observed import JobState, Observed, PodState
from tracer_router.planning.state.plan import EventRecord, Plan
from tracer_router.resources.installation import Installation
from tracer_router.resources.manifest import Manifest, ObjectKey
from tracer_router.savings.pods import ReservedResources

__all__ = ["Board"]

TRAINING_TIME = timedelta(minutes=10)
_INSTALLATION = Installation(
    namespace="default",
    runtime_image="runtime@sha256:0",
    store_url_base="s3://traces",
    core_hour=POD_PRICES.core_hour,
    gib_hour=POD_PRICES.gib_hour,
)
_HOUR = Decimal(3600)


@dataclass
class Board:
    """One router with its revisions, child objects, and pods."""

    router: TracerRouter
    store: TraceStore
    folder: Path
    seed: int
    tell: Callable[[datetime, EventRecord], None]
    revisions: dict[int, TracerRevision] = field(default_factory=dict)
    policy: PolicyDocument | None = None
    children: dict[ObjectKey, Manifest] = field(default_factory=dict)
    pods: list[Pod] = field(default_factory=list)
    jobs: dict[int, JobState] = field(default_factory=dict)
    ends: dict[int, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - a split, not a secret
        self._loaded: dict[str, BundlePredictor] = {}

    def turn(self, now: datetime) -> Plan:
        """Reconcile once and execute the plan."""
        self._end_jobs(now)
        plan = plan_reconcile(self._observed(), _INSTALLATION, now)
        self._write(plan)
        self._run(now)
        for happening in plan.events:
            self.tell(now, happening)
        return plan

    def pod(self) -> Pod:
        """Return the pod that receives the next request."""
        route = self.children[ObjectKey("HTTPRoute", self.router.metadata.name)]
        backends = route["spec"]["rules"][0]["backendRefs"]
        weights = [each["weight"] for each in backends]
        chosen = self._chance.choices(backends, weights)[0]
        number = int(chosen["name"].rpartition("-r")[2])
        ready = [each for each in self.pods if self._ready(each, number)]
        return self._chance.choice(ready)

    def cost_per_second(self) -> Decimal:
        """Return the cost of all existing objects, including training."""
        there = [SHARED, *(self._reserved(each) for each in self.pods)]
        there += [TRAINING for number in self.ends if number not in self.jobs]
        return sum((_hourly(each) for each in there), Decimal(0)) / _HOUR

    @staticmethod
    def _ready(pod: Pod, number: int) -> bool:
        return pod.revision == number and not pod.leaving

    def _observed(self) -> Observed:
        return Observed(
            router=self.router,
            revisions=tuple(self.revisions[each] for each in sorted(self.revisions)),
            jobs={number: self.jobs.get(number, JobState()) for number in self.ends},
            pods=tuple(self._state(each) for each in self.pods),
            policy=self.policy,
            children=self.children,
        )

    def _state(self, pod: Pod) -> PodState:
        return PodState(
            name=pod.name,
            revision=pod.revision,
            ready=not pod.leaving,
            address=pod.name,
            evidence=pod.evidence(),
            reserved=self._reserved(pod),
            terminating=pod.leaving,
        )

    def _reserved(self, pod: Pod) -> ReservedResources:
        deployment = self._deployment(pod.revision)
        if deployment is None:
            return ReservedResources()
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        asked = container["resources"]["requests"]
        cores, memory = (
            parse_quantity(asked["cpu"]) or 0,
            parse_quantity(asked["memory"]) or 0,
        )
        return ReservedResources(Decimal(str(cores)), Decimal(str(memory / 2**30)))

    def _deployment(self, revision: int) -> Manifest | None:
        name = f"{self.router.metadata.name}-r{revision}"
        return self.children.get(ObjectKey("Deployment", name))

    def _write(self, plan: Plan) -> None:
        for each in plan.create:
            self.revisions[each.spec.revision] = each
        self.policy = plan.policy
        self.children |= {ObjectKey.from_manifest(each): each for each in plan.apply}
        for key in plan.delete:
            self.children.pop(key, None)
        kept = (each for each in plan.revisions if each.spec.revision in self.revisions)
        self.revisions |= {each.spec.revision: each for each in kept}
        for key in plan.delete:
            if key.kind == "TracerRevision":
                self.revisions.pop(int(key.name.rpartition("-r")[2]))
        self.router = self.router.model_copy(update={"status": plan.status})

    def _run(self, now: datetime) -> None:
        """Simulate the controllers of the cluster: pods, bundles, Jobs, policy."""
        self.pods = [each for each in self.pods if not each.leaving]
        running = {each.revision for each in self.pods}
        for pod in self.pods:
            pod.leaving = self._deployment(pod.revision) is None
        for number in self.revisions:
            deployment = self._deployment(number)
            if deployment is not None and number not in running:
                self.pods += self._start(number, deployment["spec"]["replicas"])
            trains = self.revisions[number].status.phase is RevisionPhase.TRAINING
            if trains and number not in self.ends:
                self.ends[number] = now + TRAINING_TIME
        for pod in self.pods:
            if self.policy is not None:
                pod.push(self.policy)

    def _start(self, number: int, replicas: int) -> list[Pod]:
        names = (f"{self.router.metadata.name}-r{number}-{i}" for i in range(replicas))
        pods = [Pod(number, name, self.folder) for name in names]
        bundle = self.revisions[number].status.bundle
        if bundle is not None:
            archive = self.store.read(bundle.key)
            for pod in pods:
                pod.load(self._surrogate(archive, bundle.digest), bundle.digest)
        return pods

    def _surrogate(self, archive: bytes, digest: str) -> BundlePredictor:
        if digest not in self._loaded:
            with tempfile.TemporaryDirectory() as scratch:
                found = read_bundle(archive, Path(scratch), digest)
            assert isinstance(found, BundlePredictor)  # noqa: S101 - the type of a loaded bundle
            self._loaded[digest] = found
        return self._loaded[digest]

    def _end_jobs(self, now: datetime) -> None:
        for number, end in self.ends.items():
            if number in self.jobs or now < end:
                continue
            request = attempt_request(self.router, self.revisions[number])
            summary = summarize(run_attempt(self.store, request))
            self.jobs[number] = JobState(finished=True, summary=summary)


def _hourly(reserved: ReservedResources) -> Decimal:
    return reserved.cores * POD_PRICES.core_hour + reserved.gib * POD_PRICES.gib_hour
