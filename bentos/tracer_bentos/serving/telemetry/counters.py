"""Everything that this process counts, cumulative since its start."""

import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Container, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Any, Final, TypeVar

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
from tracer_core.contracts.counters import GuardCounters, LegCounters
from tracer_core.contracts.evidence import (
    SLOW_SECONDS,
    CellEvidence,
    RequestEvidence,
    TaskEvidence,
)

__all__ = ["InternalFault", "LiveTaskCounters", "ProcessCounters"]

MAX_LABELS: Final = 256
MAX_TASK_MENTIONS: Final = 8
"""Number of requests of a task after which it can use one of the last places."""
MAX_MENTIONED: Final = 4096


Report = TypeVar("Report", TaskEvidence, RequestEvidence)
AuditObserver = Callable[[str, AuditOutcome], None]
"""Called with the task and the outcome of each audit when it is counted."""


class InternalFault(StrEnum):
    """An internal error; the teacher answered instead."""

    ADMISSION = "admission"
    SURROGATE = "surrogate"
    AUDIT = "audit"
    TRACE = "trace"


class LiveTaskCounters:
    """The counters of one task.

    An attribute or property with the name of a field of `TaskEvidence` is reported.
    """

    def __init__(self, task: str, on_audit: AuditObserver | None = None) -> None:
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
        self.audits = CompletedPrefix(partial(on_audit, task) if on_audit else None)
        self.repeats = 0
        self.repeats_otherwise = 0
        self._labels: set[int] = set()

    def record_label(self, label: str) -> None:
        """Count a label of the teacher, up to a limit."""
        if len(self._labels) < MAX_LABELS:
            self._labels.add(hash(label))

    def record_repeat(self, *, otherwise: bool) -> None:
        """Count an answer to an input that the teacher had answered before."""
        self.repeats += 1
        self.repeats_otherwise += otherwise

    def record_tokens(self, usage: TokenUsage) -> None:
        """Count the tokens of one answer of the teacher."""
        self.tokens["prompt"] += usage.prompt
        self.tokens["cached"] += usage.cached
        self.tokens["completion"] += usage.completion

    def evidence(self, *, stopped: bool = False) -> TaskEvidence:
        """Return the counters as they are reported.

        Args:
            stopped: Whether the surrogate is stopped on the task.
        """
        audits = {
            f"audits_{outcome}": count for outcome, count in self.audits.counted.items()
        }
        cells = tuple(
            CellEvidence(
                cell=cell, **{str(outcome): n for outcome, n in outcomes.items()}
            )
            for cell, outcomes in sorted(self.audits.cells.items())
        )
        avoided = self.avoided
        return _report(
            TaskEvidence,
            self,
            stopped=stopped,
            labels=len(self._labels),
            audits_admitted=self.audits.admitted,
            cells=cells,
            cost_saved=avoided.forecast,
            cost_correction=avoided.correction,
            cost_spread=avoided.spread,
            cost_samples=avoided.samples,
            cost_audits=avoided.audits,
            **audits,
        )


class ProcessCounters:
    """The counters of one process.

    An attribute with the name of a field of `RequestEvidence` is reported.

    Args:
        task_limit: Number of tasks that are counted separately.
        on_audit: Called when an audit is counted.
        certified: Returns the certified tasks.
    """

    def __init__(
        self,
        task_limit: int = 64,
        on_audit: AuditObserver | None = None,
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
        self._tasks: dict[str, LiveTaskCounters] = {}
        self._task_limit = task_limit
        self._on_audit = on_audit
        self._certified = certified
        self._mentions: OrderedDict[str, int] = OrderedDict()

    def task(self, fingerprint: str) -> LiveTaskCounters:
        """Return the counters of a task; beyond the limit, those of all other tasks."""
        known = self._tasks.get(fingerprint)
        if known:
            return known
        name = fingerprint if self._has_place(fingerprint) else OTHER_TASK
        return self._tasks.setdefault(name, LiveTaskCounters(name, self._on_audit))

    def _has_place(self, fingerprint: str) -> bool:
        """Return whether a new task is counted separately.

        The first half of the places is for any task, the second half for tasks with
        several requests. Otherwise, a burst of tasks with one request each would use
        all of them. A certified task is always counted separately, because its
        certificate depends on the counters.
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
        """Count trace records that were stored.

        Args:
            records: Number of records.
            labelled: Number of labeled rows of the uniform sample, by task.
        """
        self.traces_written += records
        for task, number in labelled.items():
            self.task(task).uniform_labelled += number

    def totals(
        self,
        *,
        traces_pending: int,
        traces_logged: int,
        embedding_tokens: int = 0,
        cost_embeddings: Decimal = Decimal(0),
    ) -> RequestEvidence:
        """Return the counters over all tasks as they are reported.

        Args:
            traces_pending: Number of trace records that are not stored yet.
            traces_logged: Number of trace records on the local disk.
            embedding_tokens: Number of tokens of the embeddings endpoint.
            cost_embeddings: Cost of these tokens.
        """
        return _report(
            RequestEvidence,
            self,
            requests=self.requests - self.diverted,
            refused=self.refusals.total(),
            traces_pending=traces_pending,
            traces_logged=traces_logged,
            embedding_tokens=embedding_tokens,
            cost_embeddings=cost_embeddings,
            **dict(self._guards()),
        )

    def _guards(self) -> GuardCounters:
        return GuardCounters(
            faults=self.faults[InternalFault.ADMISSION]
            + self.faults[InternalFault.SURROGATE],
            surrogate_leg=self._leg(LatencyLeg.SURROGATE),
            teacher_leg=self._leg(LatencyLeg.TEACHER),
        )

    def _leg(self, leg: LatencyLeg) -> LegCounters:
        times = self.latencies.by_leg[leg]
        return LegCounters(questions=times.count, slow=times.count_above(SLOW_SECONDS))

    def tokens(self) -> Mapping[str, Counter[str]]:
        """Return the teacher's tokens by task and kind; `prompt` includes `cached`."""
        return {task: counters.tokens for task, counters in self._tasks.items()}

    def tasks(self, stopped: Container[str] = ()) -> tuple[TaskEvidence, ...]:
        """Return the counters by task as they are reported.

        Args:
            stopped: Tasks on which the surrogate is stopped.
        """
        return tuple(
            counters.evidence(stopped=task in stopped)
            for task, counters in self._tasks.items()
        )


def _report(kind: type[Report], source: object, **given: Any) -> Report:
    """Return a report with the counters that a source has by name.

    Args:
        kind: The report.
        source: Has attributes for all other fields of the report.
        given: Fields that are not attributes of the source.
    """
    names = kind.model_fields.keys() - given.keys()
    return kind(**{name: getattr(source, name) for name in names}, **given)
