"""When the next attempt is made: growth, drift, a new task, age, or on request.

Every attempt takes a share of the error that the router has for its life, and a Job; so
there are a back-off after attempts that came to nothing, and a budget.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from tracer_core.constants import OTHER_TASK
from tracer_router.api import MAX_SIMILAR, RevisionPhase, TracerRevision, TracerRouter
from tracer_router.planning.attempts.training import AttemptReason, rows_by_task
from tracer_router.planning.state.commands import Command, pending_requests
from tracer_router.planning.state.holds import find_hold
from tracer_router.planning.state.observed import Observed

__all__ = ["RetrainingTrigger", "rows_needed"]

_BUSY = frozenset({RevisionPhase.TRAINING, RevisionPhase.SHADOW, RevisionPhase.CANARY})
_BUDGET_TIME = timedelta(days=30)
_FIRST_DELAY, _LONGEST_DELAY = timedelta(minutes=10), timedelta(days=1)
_FRESH = 400
"""New labelled rows without which another attempt would test nothing new."""


def rows_needed(router: TracerRouter, revisions: tuple[TracerRevision, ...]) -> int:
    """Give the labelled rows at which growth makes the next attempt."""
    growth = 1 + router.spec.training.growth.fraction
    return max(router.spec.training.minimum_traces, round(_last(revisions) * growth))


@dataclass(frozen=True)
class RetrainingTrigger:
    """Whether an attempt is due, why, and if not, what it waits for."""

    observed: Observed
    revisions: tuple[TracerRevision, ...]
    now: datetime

    @cached_property
    def due(self) -> AttemptReason | None:
        """The cause of the attempt to begin now; none when none is due."""
        if self._busy or self._held:
            return None
        asked = self._requested()
        if asked is not None:
            return asked
        if self._backing_off is not None or self._spent:
            return None
        causes: tuple[Callable[[], AttemptReason | None], ...] = (
            self._drifted,
            self._new_task,
            self._grown,
            self._aged,
        )
        return next((found for cause in causes if (found := cause())), None)

    @cached_property
    def missing(self) -> str:
        """What the next attempt waits for, for people."""
        if self.due is not None:
            return "the next attempt is being made"
        if self._held:
            return self._held
        if self._spent:
            budget = self.observed.router.spec.training.budget
            return f"{budget} attempts within 30 days: training.budget is used up"
        if self._backing_off is not None:
            # A moment, not what is left: at rest nothing may be written.
            return f"the last attempt came to nothing: next at {self._backing_off}"
        needed = rows_needed(self.observed.router, self.revisions)
        return (
            f"{max(0, needed - self._rows)} more labelled requests until the next "
            f"attempt ({self._rows} of {needed})"
        )

    @cached_property
    def _by_task(self) -> dict[str, int]:
        return rows_by_task(self.revisions, self.observed.router.status.history)

    @property
    def _rows(self) -> int:
        return max(self._by_task.values(), default=0)

    @property
    def _fresh(self) -> bool:
        least = min(_FRESH, self.observed.router.spec.training.minimum_traces)
        return self._rows - _last(self.revisions) >= least

    @property
    def _live(self) -> TracerRevision | None:
        live = [e for e in self.revisions if e.status.phase is RevisionPhase.LIVE]
        return live[-1] if live else None

    @property
    def _busy(self) -> bool:
        return any(each.status.phase in _BUSY for each in self.revisions)

    @property
    def _held(self) -> str | None:
        hold = find_hold(self.observed.router)
        return hold.describe() if hold else None

    @cached_property
    def _spent(self) -> bool:
        begun = (each.spec.attempt for each in self.revisions)
        recent = [
            each
            for each in begun
            if each is not None
            and each.verb is None
            and self.now - each.until < _BUDGET_TIME
        ]
        return len(recent) >= self.observed.router.spec.training.budget

    @cached_property
    def _backing_off(self) -> str | None:
        failed, since = 0, None
        for each in reversed(self.revisions):
            if each.status.phase is not RevisionPhase.REJECTED:
                break
            failed += 1
            since = since or each.status.step_since
        if not failed or since is None:
            return None
        delay = min(_FIRST_DELAY * 2 ** min(failed - 1, 20), _LONGEST_DELAY)
        end = since + delay
        return f"{end:%Y-%m-%d %H:%M:%S} UTC" if end > self.now else None

    def _requested(self) -> AttemptReason | None:
        requests = pending_requests(self.observed.router, self.revisions)
        asked = [each.id for each in requests if each.verb is Command.RETRAIN]
        if not asked:
            return None
        first, *others = asked[: 1 + MAX_SIMILAR]
        text = f"by request {first}"
        return AttemptReason(text, self._rows, verb=first, alike=tuple(others))

    def _grown(self) -> AttemptReason | None:
        needed = rows_needed(self.observed.router, self.revisions)
        return AttemptReason("growth", self._rows) if self._rows >= needed else None

    def _drifted(self) -> AttemptReason | None:
        served = [each for each in self.revisions if each.status.tasks]
        ailing = bool(served) and served[-1].status.drifted
        return AttemptReason("drift", self._rows) if ailing and self._fresh else None

    def _new_task(self) -> AttemptReason | None:
        """A task that by now has more traffic than the one that is answered."""
        live = self._live
        if live is None:
            return None
        known = {task.fingerprint for task in live.status.tasks} | _tried(
            self.revisions
        )
        minimum = self.observed.router.spec.training.minimum_traces
        # All tasks are sampled at one rate: more rows are more traffic. An attempt
        # about another task ends in a revision that answers that one instead.
        growth = max((self._by_task.get(task, 0) for task in known), default=0)
        least = max(minimum, growth - _last(self.revisions) + 1)
        fresh = {
            task: rows
            for task, rows in self._by_task.items()
            if task not in known and task != OTHER_TASK and rows >= least
        }
        if not fresh:
            return None
        task = max(sorted(fresh), key=lambda each: fresh[each])
        return AttemptReason("a new task", self._rows, task=task)

    def _aged(self) -> AttemptReason | None:
        live = self._live
        if live is None or live.spec.attempt is None or not self._fresh:
            return None
        age = self.now - live.spec.attempt.until
        old = age >= self.observed.router.spec.training.max_age.span
        return AttemptReason("age", self._rows) if old else None


def _last(revisions: tuple[TracerRevision, ...]) -> int:
    attempts = (each.spec.attempt for each in revisions)
    return max((each.labelled for each in attempts if each is not None), default=0)


def _tried(revisions: tuple[TracerRevision, ...]) -> set[str]:
    attempts = (each.spec.attempt for each in revisions)
    return {each.task for each in attempts if each is not None and each.task}
