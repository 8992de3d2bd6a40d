"""Reads a TracerRouter, its revisions and its Jobs, and waits for what must come."""

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
_LOGGED_LINES = 40


@dataclass(frozen=True, slots=True)
class View:
    """A router and its revisions at one moment."""

    router: TracerRouter
    """The router."""
    revisions: tuple[TracerRevision, ...]
    """Its revisions, oldest first."""

    @property
    def phase(self) -> Phase | None:
        """The router's phase."""
        return self.router.status.phase

    @property
    def weight(self) -> int:
        """The candidate's share of the traffic, in percent."""
        weight = self.router.status.weight
        return (weight.asked if weight else None) or 0

    def holds(self, condition: ConditionType) -> bool:
        """Tell whether a condition is True."""
        found = {each.type: each.status for each in self.router.status.conditions}
        return found.get(condition) is ConditionStatus.TRUE

    def serves(self) -> bool:
        """Tell whether the router takes requests through the Gateway."""
        ready = self.holds(ConditionType.READY)
        return ready and self.holds(ConditionType.TRAFFIC_PROGRAMMED)

    def in_phase(self, phase: RevisionPhase) -> TracerRevision | None:
        """Give the newest revision in a phase."""
        found = [each for each in self.revisions if each.status.phase is phase]
        return found[-1] if found else None

    def certified(self) -> frozenset[str]:
        """Give the numbers of the revisions that have a certificate."""
        having = (each for each in self.revisions if each.status.tasks)
        return frozenset(str(each.spec.revision) for each in having)


@dataclass(slots=True)
class Watch:
    """Polls one router; every view goes to the listeners as well."""

    cluster: Cluster
    """Where it is."""
    namespace: str
    """Its namespace."""
    name: str
    """Its name."""
    listeners: list[Callable[[View], None]] = field(default_factory=list)
    """Told of every view."""

    async def view(self) -> View:
        """Look once."""
        return await asyncio.to_thread(self._read)

    async def until(
        self, what: str, reached: Callable[[View], bool], limit_seconds: float
    ) -> View:
        """Look again and again until something is reached.

        Raises:
            DemoFailed: It was not reached in time; with the last state.
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
                message = f"{what} did not come within {limit_seconds:.0f} s"
                raise DemoFailed(f"{message}\n{state}")
            await asyncio.sleep(_POLL_SECONDS)

    def dump(self) -> str:
        """Give everything that tells why nothing moves."""
        kubectl = self._describe
        operator = "-l=app.kubernetes.io/component=operator"
        pods = f"-l=tracerml.ai/router={self.name}"
        tail = f"--tail={_LOGGED_LINES}"
        looks = (
            ("get", "tracerrouter", self.name, "-o", "yaml", "--ignore-not-found"),
            ("get", "tracerrevisions,deployments,jobs,pods,httproutes", "-o", "wide"),
            ("get", "events", "--sort-by=.lastTimestamp"),
            ("logs", operator, tail),
            ("logs", pods, tail, "--prefix", "--max-log-requests=20"),
        )
        return "\n".join(kubectl(*look) for look in looks)

    def _describe(self, *words: str) -> str:
        title = f"--- kubectl {' '.join(words)}"
        try:
            return f"{title}\n{self.cluster.kubectl('-n', self.namespace, *words)}"
        except DemoFailed as error:
            return f"{title}\n{error}"

    def _read(self) -> View:
        kinds = "tracerrouters,tracerrevisions"
        items = self.cluster.get(kinds, "-n", self.namespace)["items"]
        routers = [each for each in items if each["kind"] == "TracerRouter"]
        own = [each for each in routers if each["metadata"]["name"] == self.name]
        if not own:
            raise DemoFailed(f"TracerRouter {self.namespace}/{self.name} is gone")
        others = (each for each in items if each["kind"] == "TracerRevision")
        revisions = (TracerRevision.model_validate(each) for each in others)
        mine = [each for each in revisions if each.spec.router == self.name]
        mine.sort(key=lambda each: each.spec.revision)
        return View(TracerRouter.model_validate(own[0]), tuple(mine))
