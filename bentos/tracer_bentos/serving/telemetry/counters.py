"""Everything this process counts, cumulative since its boot."""

import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Container, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Final

from tracer_bentos.protocols.tokens import TokenUsage
from tracer_bentos.serving.http_server.rejections import Rejection
from tracer_bentos.serving.records import Deferral
from tracer_bentos.serving.telemetry.avoided_cost import AvoidedCost, CostForecast
from tracer_bentos.serving.telemetry.latency import Latencies, LatencyLeg
from tracer_bentos.serving.telemetry.ordered_results import (
    AuditOutcome,
    CompletedPrefix,
)
from tracer_core.constants import OTHER_TASK
from tracer_core.contracts.evidence import (
    SLOW_SECONDS,
    CellEvidence,
    LegEvidence,
    RequestCounts,
    TaskEvidence,
)

__all__ = ["InternalFault", "ProcessCounters", "TaskCounters"]

MAX_LABELS: Final = 256
MAX_TASK_MENTIONS: Final = 8
"""How often a task is mentioned before it may take one of the last places."""
MAX_MENTIONED: Final = 4096


Watch = Callable[[str, AuditOutcome], None]
"""Told the task and the verdict of each audit once it counts."""


class InternalFault(StrEnum):
    """A failure of ours; the teacher answered instead."""

    ADMISSION = "admission"
    SURROGATE = "surrogate"
    AUDIT = "audit"
    TRACE = "trace"


class TaskCounters:
    """The counts of one task."""

    def __init__(self, task: str, watch: Watch | None = None) -> None:
        self.task = task
        self.requests = 0
        self.answered = 0
        self.cached = 0
        self.uniform_labelled = 0
        self.cost_teacher = Decimal(0)
        self.cost_cached = Decimal(0)
        self.avoided = AvoidedCost()
        self.forecast = CostForecast()
        self.tokens: Counter[str] = Counter()
        self.audits = CompletedPrefix(partial(watch, task) if watch else None)
        self.repeats = 0
        self.repeats_otherwise = 0
        self._labels: set[int] = set()

    def record_label(self, label: str) -> None:
        """Count a label of the teacher, up to a bound."""
        if len(self._labels) < MAX_LABELS:
            self._labels.add(hash(label))

    def record_repeat(self, *, otherwise: bool) -> None:
        """Count an answer to an input that the teacher had answered before."""
        self.repeats += 1
        self.repeats_otherwise += otherwise

    def is_used(self, usage: TokenUsage) -> None:
        """Count what the teacher read and wrote."""
        self.tokens["prompt"] += usage.prompt
        self.tokens["cached"] += usage.cached
        self.tokens["completion"] += usage.completion

    def evidence(self, *, stopped: bool = False) -> TaskEvidence:
        """Give the counts as they are reported."""
        verdicts = self.audits.counted
        return TaskEvidence(
            task=self.task,
            requests=self.requests,
            answered=self.answered,
            cached=self.cached,
            stopped=stopped,
            uniform_labelled=self.uniform_labelled,
            labels=len(self._labels),
            repeats=self.repeats,
            repeats_otherwise=self.repeats_otherwise,
            audits_admitted=self.audits.admitted,
            audits_agreed=verdicts[AuditOutcome.AGREED],
            audits_disagreed=verdicts[AuditOutcome.DISAGREED],
            audits_missing=verdicts[AuditOutcome.MISSING],
            cells=tuple(
                CellEvidence(
                    cell=cell,
                    agreed=found[AuditOutcome.AGREED],
                    disagreed=found[AuditOutcome.DISAGREED],
                    missing=found[AuditOutcome.MISSING],
                )
                for cell, found in sorted(self.audits.cells.items())
            ),
            cost_saved=self.avoided.forecast,
            cost_correction=self.avoided.correction,
            cost_spread=self.avoided.spread,
            cost_samples=self.avoided.samples,
            cost_audits=self.avoided.audits,
            cost_cached=self.cost_cached,
            cost_teacher=self.cost_teacher,
        )


class ProcessCounters:
    """The counts of one boot of one process."""

    def __init__(
        self,
        task_limit: int = 64,
        watch: Watch | None = None,
        certified: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self.boot = secrets.token_hex(8)
        self.requests = 0
        self.diverted = 0
        self.cached = 0
        self.surrogate = 0
        self.teacher = 0
        self.failed = 0
        self.traces_written = 0
        self.traces_dropped = 0
        self.deferrals: Counter[Deferral] = Counter()
        self.faults: Counter[InternalFault] = Counter()
        self.refusals: Counter[Rejection] = Counter()
        self.latencies = Latencies()
        self._tasks: dict[str, TaskCounters] = {}
        self._task_limit = task_limit
        self._watch = watch
        self._certified = certified
        self._mentions: OrderedDict[str, int] = OrderedDict()

    def task(self, fingerprint: str) -> TaskCounters:
        """Give the counts of a task; beyond the limit, those of all others together."""
        known = self._tasks.get(fingerprint)
        if known:
            return known
        name = fingerprint if self._has_place(fingerprint) else OTHER_TASK
        return self._tasks.setdefault(name, TaskCounters(name, self._watch))

    def _has_place(self, fingerprint: str) -> bool:
        """Give the first half of the places to whoever comes, the rest to who returns.

        Otherwise a burst of tasks that are asked once would take them all. A certified
        task always has its own: what is promised about it is counted by itself.
        """
        if fingerprint in self._certified():
            return True
        if len(self._tasks) < self._task_limit / 2:
            return True
        mentions = self._mentions.pop(fingerprint, 0) + 1
        self._mentions[fingerprint] = mentions
        if len(self._mentions) > MAX_MENTIONED:
            self._mentions.popitem(last=False)
        return mentions >= MAX_TASK_MENTIONS and len(self._tasks) < self._task_limit

    def record_stored(self, records: int, labelled: Mapping[str, int]) -> None:
        """Count trace records that have reached the store."""
        self.traces_written += records
        for task, number in labelled.items():
            self.task(task).uniform_labelled += number

    def totals(self, pending: int, logged: int) -> RequestCounts:
        """Give the counts over all tasks as they are reported."""
        return RequestCounts(
            requests=self.requests - self.diverted,
            diverted=self.diverted,
            cached=self.cached,
            surrogate=self.surrogate,
            teacher=self.teacher,
            failed=self.failed,
            faults=self.faults[InternalFault.ADMISSION]
            + self.faults[InternalFault.SURROGATE],
            surrogate_leg=self._leg(LatencyLeg.SURROGATE),
            teacher_leg=self._leg(LatencyLeg.TEACHER),
            refused=self.refusals.total(),
            traces_written=self.traces_written,
            traces_logged=logged,
            traces_pending=pending,
            traces_dropped=self.traces_dropped,
        )

    def _leg(self, leg: LatencyLeg) -> LegEvidence:
        times = self.latencies.by_leg[leg]
        return LegEvidence(questions=times.count, slow=times.count_above(SLOW_SECONDS))

    def tokens(self) -> Mapping[str, Counter[str]]:
        """Give the teacher's tokens by task and kind; cached ones are prompt too."""
        return {task: counts.tokens for task, counts in self._tasks.items()}

    def tasks(self, stopped: Container[str] = ()) -> tuple[TaskEvidence, ...]:
        """Give the counts by task as they are reported."""
        return tuple(
            counts.evidence(stopped=task in stopped)
            for task, counts in self._tasks.items()
        )
