"""The plan and its execution without a cluster: every write can be the last one."""

import dataclasses
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from support.world import INSTALLATION, TASK, make_router
from tracer_core.contracts.evidence import (
    Evidence,
    LegEvidence,
    LoadState,
    RequestCounts,
    TaskEvidence,
)
from tracer_core.contracts.policy import PolicyDocument
from tracer_core.contracts.training import AttemptOutcome, TrainingSummary
from tracer_router.api import TracerRevision, TracerRouter
from tracer_router.planning.reconcile import plan_reconcile
from tracer_router.planning.state.observed import JobState, Observed, PodState
from tracer_router.planning.state.plan import Plan
from tracer_router.resources.manifest import Manifest, ObjectKey

__all__ = ["Machine", "Tally"]


@dataclass(frozen=True)
class Tally:
    """What the one pod of a revision has counted since its boot."""

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
    """Objects as the API server holds them, and pods that count as told."""

    router: TracerRouter = field(
        default_factory=lambda: TracerRouter.model_validate(make_router())
    )
    revisions: dict[int, TracerRevision] = field(default_factory=dict)
    policy: PolicyDocument | None = None
    children: dict[ObjectKey, Manifest] = field(default_factory=dict)
    tallies: dict[int, Tally] = field(default_factory=dict)
    loaded: bool = True
    now: datetime = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    def copy(self) -> "Machine":
        """Give a machine that goes its own way from here."""
        return dataclasses.replace(
            self,
            revisions=dict(self.revisions),
            children=dict(self.children),
            tallies=dict(self.tallies),
        )

    def plan(self) -> Plan:
        """Plan from what is there."""
        return plan_reconcile(self.observed(), INSTALLATION, self.now)

    def observed(self) -> Observed:
        """Give the picture that the operator would get."""
        revisions = tuple(self.revisions[each] for each in sorted(self.revisions))
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

    def carry_out(self, plan: Plan, writes: int | None = None) -> int:
        """Make the first writes of a plan, all when not said; give how many it has."""
        steps: list[Any] = [("create", each) for each in plan.create]
        steps.append(("policy", plan.policy))
        steps += [("apply", each) for each in plan.apply]
        steps += [("delete", each) for each in plan.delete]
        steps += [("revision", each) for each in plan.revisions]
        steps.append(("status", plan.status))
        for kind, what in steps[:writes]:
            self._write(kind, what)
        return len(steps)

    def settle(self, most: int = 12) -> Plan:
        """Plan and carry out until a plan changes nothing, at this moment."""
        for _ in range(most):
            before = self.copy()
            plan = self.plan()
            self.carry_out(plan)
            if self.same(before):
                return plan
        raise AssertionError(f"no rest after {most} plans: {self.router.status}")

    def same(self, other: "Machine") -> bool:
        """Tell whether two machines are in the same state, but for policy numbers."""
        return self.essence() == other.essence()

    def essence(self) -> dict[str, Any]:
        """Give everything but the number of the policy and the times of conditions.

        A flip that a crash kept from being published has never been seen.
        """
        conditions = tuple(
            each.model_copy(update={"last_transition_time": None})
            for each in self.router.status.conditions
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
        """Give the backends of the route with their weights."""
        route = self.children.get(ObjectKey("HTTPRoute", "tickets"))
        if route is None:
            return {}
        backends = route["spec"]["rules"][0]["backendRefs"]
        return {each["name"]: each["weight"] for each in backends}

    def count(self, number: int, **more: int) -> None:
        """Have the pod of a revision count more."""
        tally = self.tallies.get(number, Tally())
        changed = {name: getattr(tally, name) + more[name] for name in more}
        self.tallies[number] = dataclasses.replace(tally, **changed)

    def annotate(self, name: str, text: str | None) -> None:
        """Annotate the router; None removes."""
        found = {**self.router.metadata.annotations, name: text}
        kept = {key: each for key, each in found.items() if each is not None}
        metadata = self.router.metadata.model_copy(update={"annotations": kept})
        self.router = self.router.model_copy(update={"metadata": metadata})

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def _write(self, kind: str, what: Any) -> None:
        match kind:
            case "create":
                new = what.model_copy(update={"status": type(what.status)()})
                self.revisions.setdefault(what.spec.revision, new)
            case "policy":
                self.policy = what
            case "apply":
                self.children[ObjectKey.from_manifest(what)] = what
            case "delete":
                self.children.pop(what, None)
                if what.kind == "TracerRevision":
                    self.revisions.pop(int(what.name.rpartition("-r")[2]), None)
            case "revision":
                if what.spec.revision in self.revisions:
                    self.revisions[what.spec.revision] = what
            case _:
                self.router = self.router.model_copy(update={"status": what})

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
        tally = self.tallies.get(number, Tally())
        audits = tally.agreed + tally.disagreed + tally.missing
        task = TaskEvidence(
            task=TASK,
            requests=tally.requests + audits,
            uniform_labelled=tally.labelled,
            audits_admitted=audits,
            audits_agreed=tally.agreed,
            audits_disagreed=tally.disagreed,
            audits_missing=tally.missing,
        )
        evidence = Evidence(
            revision=number,
            boot=f"boot-{number}-{tally.boot}",
            requests=RequestCounts(
                requests=task.requests,
                faults=tally.faults,
                surrogate_leg=LegEvidence(questions=tally.timed, slow=tally.slow),
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
