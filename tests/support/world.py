"""The operator with a cluster in memory and simulated pods."""

import copy
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from support.memory_cluster import MemoryCluster
from tracer_core.contracts.evidence import (
    Evidence,
    Fragmentation,
    LoadState,
    RequestEvidence,
    TaskEvidence,
    TeacherState,
)
from tracer_core.contracts.policy import PolicyDocument
from tracer_core.contracts.training import AttemptOutcome, TrainingSummary
from tracer_router.handlers.reconciler import Reconciler
from tracer_router.handlers.status_writer import StatusWriter
from tracer_router.resources.installation import Installation
from tracer_router.resources.manifest import REVISION_LABEL, ObjectKey

TASK = "sha256:task"
START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
INSTALLATION = Installation(
    namespace="default",
    runtime_image="runtime@sha256:1",
    store_url_base="s3://traces",
    store_endpoint="http://store",
    store_secret="store",  # noqa: S106 - the name of a Secret
)


def make_router(**spec: Any) -> dict[str, Any]:
    """Return the manifest of a router; keyword arguments replace parts of the spec."""
    return {
        "apiVersion": "tracerml.ai/v1alpha1",
        "kind": "TracerRouter",
        "metadata": {
            "name": "tickets",
            "namespace": "default",
            "uid": "uid-router",
            "generation": 1,
        },
        "spec": {
            "teacher": {"url": "http://teacher/v1"},
            "parity": {"target": "90%"},
            "traffic": {"gateway": {"name": "gw"}},
            "replicas": 1,
            "rollout": {"period": "1s"},
            **spec,
        },
    }


@dataclass
class World:
    """The reconciler of the operator, a cluster in memory, and simulated pods."""

    router: dict[str, Any] = field(default_factory=make_router)
    cluster: MemoryCluster = field(default_factory=MemoryCluster)
    now: datetime = START
    tasks: dict[int, TaskEvidence] = field(default_factory=dict)
    loaded: dict[int, str | None] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    fragmentation: Fragmentation | None = None
    teacher: TeacherState = field(default_factory=TeacherState)
    pushed: list[tuple[str, PolicyDocument]] = field(default_factory=list)
    boots: dict[int, int] = field(default_factory=dict)
    faults: dict[int, int] = field(default_factory=dict)
    counts: dict[int, dict[str, Any]] = field(default_factory=dict)
    flow: dict[int, int] = field(default_factory=dict)
    flowed: Counter[int] = field(default_factory=Counter)
    other_tasks: dict[int, tuple[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cluster.put(self.router)

        def clock() -> float:
            return (self.now - START).total_seconds()

        self.reconciler = Reconciler(
            installation=INSTALLATION,
            cluster=self.cluster,
            pods=self,
            writer=StatusWriter(self.cluster, clock=clock),
            now=lambda: self.now,
        )

    async def push(self, address: str, policy: PolicyDocument) -> Evidence | None:
        """Return the evidence of the pod at this address."""
        self.pushed.append((address, policy))
        revision = int(address.removeprefix("10.0.0."))
        task = self.tasks.get(revision, TaskEvidence(task=TASK))
        requests = task.requests + self.flowed[revision]
        task = task.model_copy(update={"requests": requests})
        return Evidence(
            revision=revision,
            boot=f"boot-{revision}-{self.boots.get(revision, 0)}",
            policy_generation=policy.generation,
            requests=self._requests(revision, task),
            tasks=(task, *self._others(revision)),
            fragmentation=self.fragmentation,
            teacher=self.teacher,
            surrogate=LoadState(
                loaded=self.loaded.get(revision), reason=self.reasons.get(revision)
            ),
        )

    def _requests(self, revision: int, task: TaskEvidence) -> RequestEvidence:
        counts = {
            "requests": task.requests,
            "surrogate": task.answered,
            "traces_written": task.uniform_labelled,
            "faults": self.faults.get(revision, 0),
        }
        return RequestEvidence(**{**counts, **self.counts.get(revision, {})})

    def _others(self, revision: int) -> tuple[TaskEvidence, ...]:
        if revision not in self.other_tasks:
            return ()
        name, rows = self.other_tasks[revision]
        return (TaskEvidence(task=name, requests=rows, uniform_labelled=rows),)

    async def reconcile(self, times: int = 1, seconds: float = 15) -> None:
        """Reconcile several times, and run the simulated controllers each time."""
        for _ in range(times):
            self.now += timedelta(seconds=seconds)
            self.flowed.update(self.flow)
            await self.reconciler.reconcile(("default", "tickets"))
            self._run_deployments()
            self._accept_route()

    def count(self, revision: int, **counts: Any) -> None:
        """Set the counts of the task that the pods of a revision report."""
        self.tasks[revision] = TaskEvidence(task=TASK, **counts)

    def finish_training(self, attempt: int, **summary: Any) -> None:
        """Terminate the Job of an attempt with this summary."""
        revision = self.cluster.objects[
            ObjectKey("TracerRevision", f"tickets-r{attempt}")
        ]
        defaults = {
            "attempt": attempt,
            "request": revision["spec"]["attempt"]["rowSet"],
            "outcome": AttemptOutcome.CERTIFIED,
            "reason": "certified",
            "rows": 1500,
            "result": "sha256:result",
            "task": TASK,
            "bundle": f"sha256:bundle{attempt}",
            "bento": f"sha256:bento{attempt}",
            "bento_key": f"bundles/sha256-bento{attempt}.bento",
            "target": 0.9,
            "confidence": 0.95,
            "level": 0.025,
            "n": 300,
            "k": 290,
            "m": 0,
            "coverage": 0.6,
        }
        message = TrainingSummary(**{**defaults, **summary}).to_json().decode()
        self.put_pod(
            f"tickets-r{attempt}-training-x",
            "training",
            attempt,
            {
                "phase": "Succeeded",
                "containerStatuses": [{"state": {"terminated": {"message": message}}}],
            },
        )

    def load(self, attempt: int) -> None:
        """Make every pod of a revision report its bundle as loaded."""
        self.loaded[attempt] = f"sha256:bundle{attempt}"

    def status(self) -> dict[str, Any]:
        """Return the status of the router."""
        return self.cluster.status_of("TracerRouter", "tickets")

    def revision(self, number: int) -> dict[str, Any]:
        """Return the status of a revision."""
        return self.cluster.status_of("TracerRevision", f"tickets-r{number}")

    def spec(self, number: int) -> dict[str, Any]:
        """Return the spec of a revision."""
        key = ObjectKey("TracerRevision", f"tickets-r{number}")
        found: dict[str, Any] = self.cluster.objects[key]["spec"]
        return found

    def router_now(self) -> dict[str, Any]:
        """Return the present manifest of the router, to be changed and stored."""
        return copy.deepcopy(self.cluster.objects[ObjectKey("TracerRouter", "tickets")])

    def condition(self, kind: str) -> tuple[str, str, str]:
        """Return status, reason, and message of a condition."""
        conditions = {found["type"]: found for found in self.status()["conditions"]}
        found = conditions[kind]
        return found["status"], found["reason"], found["message"]

    def front(self) -> int:
        """Return the revision that Service NAME selects."""
        service = self.cluster.objects[ObjectKey("Service", "tickets")]
        return int(service["spec"]["selector"][REVISION_LABEL])

    def weights(self) -> dict[str, int]:
        """Return the backends of the route with their weights."""
        route = self.cluster.objects[ObjectKey("HTTPRoute", "tickets")]
        backends = route["spec"]["rules"][0]["backendRefs"]
        return {backend["name"]: backend["weight"] for backend in backends}

    def names(self, kind: str) -> list[str]:
        """Return the names of the objects of a kind."""
        return [key.name for key in sorted(self.cluster.objects) if key.kind == kind]

    def _run_deployments(self) -> None:
        wanted = {
            int(manifest["metadata"]["labels"][REVISION_LABEL])
            for key, manifest in self.cluster.objects.items()
            if key.kind == "Deployment"
        }
        for key in [key for key in self.cluster.objects if key.kind == "Pod"]:
            labels = self.cluster.objects[key]["metadata"]["labels"]
            serving = labels["app.kubernetes.io/component"] == "data-plane"
            if serving and int(labels[REVISION_LABEL]) not in wanted:
                del self.cluster.objects[key]
        for number in wanted:
            status = {
                "phase": "Running",
                "podIP": f"10.0.0.{number}",
                "conditions": [{"type": "Ready", "status": "True"}],
            }
            self.put_pod(f"tickets-r{number}-x", "data-plane", number, status)

    def put_pod(
        self, name: str, component: str, revision: int, status: dict[str, Any]
    ) -> None:
        """Store a pod of a revision with a status."""
        labels = {
            "app.kubernetes.io/component": component,
            "tracerml.ai/router": "tickets",
            REVISION_LABEL: str(revision),
        }
        metadata = {"name": name, "namespace": "default", "labels": labels}
        self.cluster.put({"kind": "Pod", "metadata": metadata, "status": status})

    def _accept_route(self) -> None:
        route = self.cluster.objects.get(ObjectKey("HTTPRoute", "tickets"))
        if route is None:
            return
        true = [
            {"type": kind, "status": "True", "observedGeneration": 1}
            for kind in ("Accepted", "ResolvedRefs")
        ]
        route["status"] = {"parents": [{"conditions": true}]}


async def in_training(**spec: Any) -> World:
    """Return a world whose first attempt is in training."""
    world = World(router=make_router(**spec))
    world.count(0, requests=1000, uniform_labelled=1000)
    await world.reconcile(5)
    return world


async def change_spec(world: World, **spec: Any) -> None:
    """Replace the spec of the router as a user would, and reconcile."""
    changed = world.router_now()
    changed["spec"] = make_router(**spec)["spec"]
    changed["metadata"]["generation"] += 1
    world.cluster.put(changed)
    await world.reconcile(3)
