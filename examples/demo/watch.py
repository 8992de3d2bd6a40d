"""Reads a TracerRouter and its revisions, and waits for states."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from examples.demo.cluster import Cluster
from examples.demo.terminal import DemoFailed
from tracer_router.api import (
    ConditionStatus,
    ConditionType,
    Phase,
    RevisionPhase,
    TracerRevision,
    TracerRouter,
)

__all__ = ["View", "Watch"]

_POLL_SECONDS = 2.0
_LOG_LINES = 40


@dataclass(frozen=True, slots=True)
class View:
    """A router and its revisions at one time."""

    router: TracerRouter
    """The router."""
    revisions: tuple[TracerRevision, ...]
    """Its revisions, oldest first."""

    @property
    def phase(self) -> Phase | None:
        """The phase of the router."""
        return self.router.status.phase

    @property
    def weight(self) -> int:
        """The share of the candidate in the traffic, in percent."""
        weight = self.router.status.weight
        return (weight.asked if weight else None) or 0

    def is_true(self, condition: ConditionType) -> bool:
        """Return whether a condition is True."""
        conditions = self.router.status.conditions
        statuses = {found.type: found.status for found in conditions}
        return statuses.get(condition) is ConditionStatus.TRUE

    def serves(self) -> bool:
        """Return whether the router receives requests through the Gateway."""
        ready = self.is_true(ConditionType.READY)
        return ready and self.is_true(ConditionType.TRAFFIC_PROGRAMMED)

    def in_phase(self, phase: RevisionPhase) -> TracerRevision | None:
        """Return the newest revision in a phase."""
        found = [
            revision for revision in self.revisions if revision.status.phase is phase
        ]
        return found[-1] if found else None

    def certified(self) -> frozenset[str]:
        """Return the numbers of the revisions that have a certificate."""
        return frozenset(
            str(revision.spec.revision)
            for revision in self.revisions
            if revision.status.tasks
        )


@dataclass(slots=True)
class Watch:
    """Polls one router and calls the listeners with every view."""

    cluster: Cluster
    """The cluster of the router."""
    namespace: str
    """The namespace of the router."""
    name: str
    """The name of the router."""
    listeners: list[Callable[[View], None]] = field(default_factory=list)
    """Functions that are called with every view."""

    async def view(self) -> View:
        """Read the current state."""
        return await asyncio.to_thread(self._read)

    async def until(
        self, what: str, reached: Callable[[View], bool], limit_seconds: float
    ) -> View:
        """Poll until a state is reached.

        Raises:
            DemoFailed: The state was not reached in time; contains the last state.
        """
        deadline = time.monotonic() + limit_seconds
        while True:
            view = await self.view()
            for listener in self.listeners:
                listener(view)
            if reached(view):
                return view
            if time.monotonic() > deadline:
                state = await asyncio.to_thread(self.dump)
                message = f"{what}: not reached within {limit_seconds:.0f} s"
                raise DemoFailed(f"{message}\n{state}")
            await asyncio.sleep(_POLL_SECONDS)

    def dump(self) -> str:
        """Return objects, Events, and logs for troubleshooting."""
        kubectl = self._describe
        operator = "-l=app.kubernetes.io/component=operator"
        pods = f"-l=tracerml.ai/router={self.name}"
        tail = f"--tail={_LOG_LINES}"
        calls = (
            ("get", "tracerrouter", self.name, "-o", "yaml", "--ignore-not-found"),
            ("get", "tracerrevisions,deployments,jobs,pods,httproutes", "-o", "wide"),
            ("get", "events", "--sort-by=.lastTimestamp"),
            ("logs", operator, tail),
            ("logs", pods, tail, "--prefix", "--max-log-requests=20"),
        )
        return "\n".join(kubectl(*call) for call in calls)

    def _describe(self, *words: str) -> str:
        title = f"--- kubectl {' '.join(words)}"
        try:
            return f"{title}\n{self.cluster.kubectl('-n', self.namespace, *words)}"
        except DemoFailed as error:
            return f"{title}\n{error}"

    def _read(self) -> View:
        kinds = "tracerrouters,tracerrevisions"
        items = self.cluster.get(kinds, "-n", self.namespace)["items"]
        routers = [
            item
            for item in items
            if item["kind"] == "TracerRouter" and item["metadata"]["name"] == self.name
        ]
        if not routers:
            raise DemoFailed(f"TracerRouter {self.namespace}/{self.name} not found")
        revisions = [
            TracerRevision.model_validate(item)
            for item in items
            if item["kind"] == "TracerRevision"
        ]
        own = [revision for revision in revisions if revision.spec.router == self.name]
        own.sort(key=lambda revision: revision.spec.revision)
        return View(TracerRouter.model_validate(routers[0]), tuple(own))
