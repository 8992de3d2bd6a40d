"""Planning and execution without a cluster; a crash is possible after every write."""

import dataclasses
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from support.world import INSTALLATION, TASK, make_router
from tracer_core.contracts.counters import LegCounters
from tracer_core.contracts.evidence import (
    Evidence,
    LoadState,
    RequestEvidence,
    TaskEvidence,
)
from tracer_core.contracts.policy import PolicyDocument
from tracer_core.contracts.training import AttemptOutcome, TrainingSummary
from tracer_router.api import TracerRevision, TracerRouter
from tracer_router.planning.reconcile import plan_reconcile
from tracer_router.planning.state.observed import JobState, Observed, PodState
from tracer_router.planning.state.plan import Plan
from tracer_router.resources.manifest import Manifest, ObjectKey

__all__ = ["Machine", "PodCounts"]


@dataclass(frozen=True)
class PodCounts:
    """The counts of the only pod of a revision since its boot."""

    boot: int = 0
    requests: int = 0
    agreed: int = 0
    disagreed: int = 0
    missing: int = 0
    faults: int = 0
    timed: int = 0
    slow: int = 0
    labelled: int = 0


@dataclass
class Machine:
    """Objects as the API server stores them, and pods with configured counts."""

    router: TracerRouter = field(
        default_factory=lambda: TracerRouter.model_validate(make_router())
    )
    revisions: dict[int, TracerRevision] = field(default_factory=dict)
    policy: PolicyDocument | None = None
    children: dict[ObjectKey, Manifest] = field(default_factory=dict)
    pod_counts: dict[int, PodCounts] = field(default_factory=dict)
    loaded: bool = True
    now: datetime = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    def copy(self) -> "Machine":
        """Return an independent copy."""
        return dataclasses.replace(
            self,
            revisions=dict(self.revisions),
            children=dict(self.children),
            pod_counts=dict(self.pod_counts),
        )

    def plan(self) -> Plan:
        """Return the plan for the present objects."""
        return plan_reconcile(self.observed(), INSTALLATION, self.now)

    def observed(self) -> Observed:
        """Return the snapshot that the operator would observe."""
        revisions = tuple(self.revisions[number] for number in sorted(self.revisions))
        return Observed(
            router=self.router,
            revisions=revisions,
            jobs={number: self._job(number) for number in self.revisions if number},
            pods=tuple(
                self._pod(number)
                for number in self.revisions
                if ObjectKey("Deployment", f"tickets-r{number}") in self.children
            ),
            policy=self.policy,
            children=self.children,
        )

    def execute(self, plan: Plan, writes: int | None = None) -> int:
        """Execute the first writes of a plan, and return how many writes it has.

        Args:
            plan: The plan.
            writes: How many writes to execute; None for all.
        """
        steps: list[Any] = [("create", revision) for revision in plan.create]
        steps.append(("policy", plan.policy))
        steps += [("apply", manifest) for manifest in plan.apply]
        steps += [("delete", key) for key in plan.delete]
        steps += [("revision", revision) for revision in plan.revisions]
        steps.append(("status", plan.status))
        for kind, value in steps[:writes]:
            self._write(kind, value)
        return len(steps)

    def settle(self, most: int = 12) -> Plan:
        """Plan and execute until a plan changes nothing, and return that plan."""
        for _ in range(most):
            before = self.copy()
            plan = self.plan()
            self.execute(plan)
            if self.equals(before):
                return plan
        raise AssertionError(f"not settled after {most} plans: {self.router.status}")

    def equals(self, other: "Machine") -> bool:
        """Return whether two machines have the same state, but for policy numbers."""
        return self.comparable_state() == other.comparable_state()

    def comparable_state(self) -> dict[str, Any]:
        """Return the state without the policy number and the times of conditions.

        If a crash prevented the write of a changed status, nobody observed the change.
        """
        conditions = tuple(
            condition.model_copy(update={"last_transition_time": None})
            for condition in self.router.status.conditions
        )
        update = {"policy_generation": 0, "conditions": conditions}
        status = self.router.status.model_copy(update=update)
        return {
            "revisions": self.revisions,
            "policy": self.policy.revisions if self.policy else None,
            "children": self.children,
            "status": status,
        }

    def weights(self) -> dict[str, int]:
        """Return the backends of the route with their weights."""
        route = self.children.get(ObjectKey("HTTPRoute", "tickets"))
        if route is None:
            return {}
        backends = route["spec"]["rules"][0]["backendRefs"]
        return {backend["name"]: backend["weight"] for backend in backends}

    def count(self, number: int, **more: int) -> None:
        """Increase the counts of the pod of a revision."""
        counts = self.pod_counts.get(number, PodCounts())
        changed = {name: getattr(counts, name) + more[name] for name in more}
        self.pod_counts[number] = dataclasses.replace(counts, **changed)

    def annotate(self, name: str, text: str | None) -> None:
        """Set an annotation of the router; None removes it."""
        found = {**self.router.metadata.annotations, name: text}
        kept = {key: value for key, value in found.items() if value is not None}
        metadata = self.router.metadata.model_copy(update={"annotations": kept})
        self.router = self.router.model_copy(update={"metadata": metadata})

    def wait(self, seconds: float) -> None:
        """Advance the time."""
        self.now += timedelta(seconds=seconds)

    def _write(self, kind: str, value: Any) -> None:
        match kind:
            case "create":
                new = value.model_copy(update={"status": type(value.status)()})
                self.revisions.setdefault(value.spec.revision, new)
            case "policy":
                self.policy = value
            case "apply":
                self.children[ObjectKey.from_manifest(value)] = value
            case "delete":
                self.children.pop(value, None)
                if value.kind == "TracerRevision":
                    self.revisions.pop(int(value.name.rpartition("-r")[2]), None)
            case "revision":
                if value.spec.revision in self.revisions:
                    self.revisions[value.spec.revision] = value
            case _:
                self.router = self.router.model_copy(update={"status": value})

    def _job(self, number: int) -> JobState:
        attempt = self.revisions[number].spec.attempt
        summary = TrainingSummary(
            attempt=number,
            request=attempt.row_set if attempt else "",
            outcome=AttemptOutcome.CERTIFIED,
            reason="certified",
            rows=1500,
            result="sha256:result",
            task=TASK,
            bundle=f"sha256:bundle{number}",
            bento=f"sha256:bento{number}",
            bento_key=f"bundles/{number}.bento",
            target=0.9,
            confidence=0.95,
            level=0.025,
            n=300,
            k=290,
            m=0,
            coverage=min(0.9, 0.5 + number / 20),
        )
        return JobState(finished=True, summary=summary)

    def _pod(self, number: int) -> PodState:
        counts = self.pod_counts.get(number, PodCounts())
        audits = counts.agreed + counts.disagreed + counts.missing
        task = TaskEvidence(
            task=TASK,
            requests=counts.requests + audits,
            uniform_labelled=counts.labelled,
            audits_admitted=audits,
            audits_agreed=counts.agreed,
            audits_disagreed=counts.disagreed,
            audits_missing=counts.missing,
        )
        evidence = Evidence(
            revision=number,
            boot=f"boot-{number}-{counts.boot}",
            requests=RequestEvidence(
                requests=task.requests,
                faults=counts.faults,
                surrogate_leg=LegCounters(questions=counts.timed, slow=counts.slow),
            ),
            tasks=(task,),
            surrogate=LoadState(
                loaded=f"sha256:bundle{number}" if self.loaded and number else None
            ),
        )
        return PodState(
            name=f"tickets-r{number}-x",
            revision=number,
            ready=True,
            address="10.0.0.1",
            evidence=evidence,
        )
