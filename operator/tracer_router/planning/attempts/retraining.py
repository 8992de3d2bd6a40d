"""When the next attempt begins: growth, drift, a new task, age, or a request.

Every attempt uses a share of the error probability of the router's whole life, and a
Job. Therefore there is a back-off after rejected attempts, and a budget.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from tracer_core.constants import OTHER_TASK
from tracer_router.api import MAX_SIMILAR, RevisionPhase, TracerRevision, TracerRouter
from tracer_router.planning.attempts.labeled_rows import count_rows_by_task
from tracer_router.planning.attempts.training import AttemptReason
from tracer_router.planning.state.commands import Command, pending_requests
from tracer_router.planning.state.holds import find_hold

__all__ = ["RetrainingTrigger", "rows_needed"]

_BUSY = frozenset({RevisionPhase.TRAINING, RevisionPhase.SHADOW, RevisionPhase.CANARY})
_BUDGET_PERIOD = timedelta(days=30)
_FIRST_DELAY, _LONGEST_DELAY = timedelta(minutes=10), timedelta(days=1)
_MIN_NEW_ROWS = 400
"""New labeled rows that another attempt requires to test anything new."""


def rows_needed(router: TracerRouter, revisions: tuple[TracerRevision, ...]) -> int:
    """Return the number of labeled rows at which growth begins the next attempt."""
    growth = 1 + router.spec.training.growth.fraction
    rows = round(_rows_at_last_attempt(revisions) * growth)
    return max(router.spec.training.minimum_traces, rows)


@dataclass(frozen=True)
class RetrainingTrigger:
    """Whether an attempt is due, why, and if not, what it waits for."""

    router: TracerRouter
    revisions: tuple[TracerRevision, ...]
    now: datetime

    @cached_property
    def due(self) -> AttemptReason | None:
        """The reason of the attempt that begins now; None if none begins."""
        if self._busy or self._held:
            return None
        requested = self._requested()
        if requested is not None:
            return requested
        if self._next_attempt_at is not None or self._budget_exhausted:
            return None
        triggers: tuple[Callable[[], AttemptReason | None], ...] = (
            self._drifted,
            self._new_task,
            self._grown,
            self._aged,
        )
        return next((reason for trigger in triggers if (reason := trigger())), None)

    @cached_property
    def missing(self) -> str:
        """What the next attempt waits for."""
        if self.due is not None:
            return "the next attempt begins"
        if self._held:
            return self._held
        if self._budget_exhausted:
            budget = self.router.spec.training.budget
            days = _BUDGET_PERIOD.days
            return (
                f"spec.training.budget is exhausted: {budget} attempts within "
                f"{days} days"
            )
        if self._next_attempt_at is not None:
            # The time, not the rest of the delay: a status at rest must not change.
            end = self._next_attempt_at
            return f"the last attempt was rejected; next attempt at {end}"
        needed = rows_needed(self.router, self.revisions)
        return (
            f"{max(0, needed - self._rows)} more labeled requests until the next "
            f"attempt ({self._rows} of {needed})"
        )

    @cached_property
    def _by_task(self) -> dict[str, int]:
        return count_rows_by_task(self.revisions, self.router.status.history)

    @property
    def _rows(self) -> int:
        return max(self._by_task.values(), default=0)

    @property
    def _has_new_rows(self) -> bool:
        required = min(_MIN_NEW_ROWS, self.router.spec.training.minimum_traces)
        return self._rows - _rows_at_last_attempt(self.revisions) >= required

    @property
    def _live(self) -> TracerRevision | None:
        for revision in reversed(self.revisions):
            if revision.status.phase is RevisionPhase.LIVE:
                return revision
        return None

    @property
    def _busy(self) -> bool:
        return any(revision.status.phase in _BUSY for revision in self.revisions)

    @property
    def _held(self) -> str | None:
        hold = find_hold(self.router)
        return hold.describe() if hold else None

    @cached_property
    def _budget_exhausted(self) -> bool:
        """Whether the automatic attempts of the last 30 days reach the budget."""
        recent = [
            attempt
            for revision in self.revisions
            if (attempt := revision.spec.attempt) is not None
            and attempt.verb is None
            and self.now - attempt.until < _BUDGET_PERIOD
        ]
        return len(recent) >= self.router.spec.training.budget

    @cached_property
    def _next_attempt_at(self) -> str | None:
        """The end of the back-off after rejected attempts; None if there is none."""
        failed, since = 0, None
        for revision in reversed(self.revisions):
            if revision.status.phase is not RevisionPhase.REJECTED:
                break
            failed += 1
            since = since or revision.status.step_since
        if not failed or since is None:
            return None
        delay = min(_FIRST_DELAY * 2 ** min(failed - 1, 20), _LONGEST_DELAY)
        end = since + delay
        return f"{end:%Y-%m-%d %H:%M:%S} UTC" if end > self.now else None

    def _requested(self) -> AttemptReason | None:
        ids = [
            request.id
            for request in pending_requests(self.router, self.revisions)
            if request.command is Command.RETRAIN
        ]
        if not ids:
            return None
        first, *others = ids[: 1 + MAX_SIMILAR]
        return AttemptReason(
            f"by request {first}",
            self._rows,
            request_id=first,
            other_request_ids=tuple(others),
        )

    def _grown(self) -> AttemptReason | None:
        needed = rows_needed(self.router, self.revisions)
        return AttemptReason("growth", self._rows) if self._rows >= needed else None

    def _drifted(self) -> AttemptReason | None:
        certified = [revision for revision in self.revisions if revision.status.tasks]
        drifted = bool(certified) and certified[-1].status.drifted
        if not (drifted and self._has_new_rows):
            return None
        return AttemptReason("drift", self._rows)

    def _new_task(self) -> AttemptReason | None:
        """Return a reason if another task now has more traffic than the served one."""
        live = self._live
        if live is None:
            return None
        known = {task.fingerprint for task in live.status.tasks}
        known |= _attempted_tasks(self.revisions)
        minimum = self.router.spec.training.minimum_traces
        # All tasks are sampled at the same rate, so more rows mean more traffic. The
        # new revision then answers the other task instead of the present one.
        served = max((self._by_task.get(task, 0) for task in known), default=0)
        required = max(minimum, served - _rows_at_last_attempt(self.revisions) + 1)
        candidates = {
            task: rows
            for task, rows in self._by_task.items()
            if task not in known and task != OTHER_TASK and rows >= required
        }
        if not candidates:
            return None
        task = max(sorted(candidates), key=lambda name: candidates[name])
        return AttemptReason("a new task", self._rows, task=task)

    def _aged(self) -> AttemptReason | None:
        live = self._live
        if live is None or live.spec.attempt is None or not self._has_new_rows:
            return None
        age = self.now - live.spec.attempt.until
        aged = age >= self.router.spec.training.max_age.span
        return AttemptReason("age", self._rows) if aged else None


def _rows_at_last_attempt(revisions: tuple[TracerRevision, ...]) -> int:
    attempts = (revision.spec.attempt for revision in revisions)
    return max((attempt.labelled for attempt in attempts if attempt), default=0)


def _attempted_tasks(revisions: tuple[TracerRevision, ...]) -> set[str]:
    attempts = (revision.spec.attempt for revision in revisions)
    return {attempt.task for attempt in attempts if attempt and attempt.task}
