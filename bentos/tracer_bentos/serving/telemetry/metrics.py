"""What Prometheus sees: the same counts as the evidence, with bounded labels.

Read from the evidence at each scrape, so that nothing is counted twice and a request
costs no metric of its own. Labels are tasks (bounded, and `other`) and closed sets.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from typing_extensions import override

from tracer_bentos.serving.http_server.rejections import Rejection
from tracer_bentos.serving.records import Deferral
from tracer_bentos.serving.telemetry.counters import InternalFault, ProcessCounters
from tracer_bentos.serving.telemetry.latency import Latencies
from tracer_core.contracts.evidence import Evidence, TaskEvidence

__all__ = ["InFlight", "MetricsPage"]

_FINGERPRINT_SHOWN = len("sha256:") + 12


@dataclass(frozen=True, slots=True)
class InFlight:
    """What a process is at right now."""

    requests: int
    """Requests of clients."""
    connections: int
    """Connections to the teacher that carry one."""
    audits: int
    """Audits asked or waiting to be."""


class MetricsPage:
    """The registry of one process."""

    def __init__(
        self,
        evidence: Callable[[], Evidence],
        counts: ProcessCounters,
        under_way: Callable[[], InFlight],
    ) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_EvidenceCollector(evidence, counts, under_way))
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def text(self) -> bytes:
        """Give everything in Prometheus' text format."""
        return generate_latest(self._registry)


class _EvidenceCollector(Collector):
    def __init__(
        self,
        evidence: Callable[[], Evidence],
        counts: ProcessCounters,
        under_way: Callable[[], InFlight],
    ) -> None:
        self._evidence = evidence
        self._counts = counts
        self._under_way = under_way

    @override
    def collect(self) -> Iterator[Metric]:
        evidence = self._evidence()
        yield _requests(evidence)
        yield _traces(evidence)
        yield _embeddings(evidence)
        yield from _gauges(evidence)
        yield from _tasks(evidence.tasks)
        yield _tokens(self._counts.tokens())
        yield _latencies(self._counts.latencies)
        yield _in_flight(self._under_way())
        yield _by_enum(
            "tracer_deferrals",
            "Questions left to the teacher, by reason.",
            {reason: self._counts.deferrals[reason] for reason in Deferral},
        )
        yield _by_enum(
            "tracer_faults",
            "Failures of the data plane; the teacher answered instead.",
            {fault: self._counts.faults[fault] for fault in InternalFault},
        )
        yield _by_enum(
            "tracer_refusals",
            "Requests that the data plane refused itself, by reason.",
            {reason: self._counts.refusals[reason] for reason in Rejection},
        )


def _tokens(by_task: Mapping[str, Mapping[str, int]]) -> Metric:
    family = CounterMetricFamily(
        "tracer_teacher_tokens",
        "Tokens as the teacher counted them; cached ones are prompt tokens too.",
        labels=["task", "kind"],
    )
    for task, tokens in by_task.items():
        for kind in ("prompt", "cached", "completion"):
            family.add_metric([task[:_FINGERPRINT_SHOWN], kind], tokens[kind])
    return family


def _latencies(latencies: Latencies) -> Metric:
    family = HistogramMetricFamily(
        "tracer_request_duration_seconds",
        "Time of each leg of a request.",
        labels=["leg"],
    )
    for leg, histogram in latencies.by_leg.items():
        family.add_metric([str(leg)], histogram.cumulative(), histogram.total)
    return family


def _in_flight(now: InFlight) -> Metric:
    family = GaugeMetricFamily(
        "tracer_in_flight_requests",
        "What the process is at right now.",
        labels=["kind"],
    )
    family.add_metric(["requests"], now.requests)
    family.add_metric(["teacher-connections"], now.connections)
    family.add_metric(["audits"], now.audits)
    return family


def _requests(evidence: Evidence) -> Metric:
    counts = evidence.requests
    by = {
        "surrogate": counts.surrogate,
        "teacher": counts.teacher,
        "cache": counts.cached,
        "candidate": counts.diverted,
        "failed": counts.failed,
    }
    return _by_enum("tracer_requests", "Requests by who answered.", by, "answered_by")


def _embeddings(evidence: Evidence) -> Metric:
    return CounterMetricFamily(
        "tracer_embedding_tokens",
        "Tokens as the embeddings endpoint counted them.",
        value=evidence.requests.embedding_tokens,
    )


def _traces(evidence: Evidence) -> Metric:
    counts = evidence.requests
    by = {"written": counts.traces_written, "dropped": counts.traces_dropped}
    return _by_enum("tracer_traces", "Trace records by their fate.", by, "fate")


def _by_enum(
    name: str, text: str, values: dict[str, int], label: str = "reason"
) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, number in values.items():
        family.add_metric([str(value)], number)
    return family


def _gauges(evidence: Evidence) -> Iterator[Metric]:
    state = evidence.surrogate
    yield GaugeMetricFamily(
        "tracer_surrogate_loaded",
        "Whether the expected bundle is loaded and verified.",
        value=float(state.loaded is not None),
    )
    yield GaugeMetricFamily(
        "tracer_policy_generation",
        "Generation of the policy applied; -1 before the first.",
        value=evidence.policy_generation,
    )
    yield GaugeMetricFamily(
        "tracer_traces_pending",
        "Trace records not yet in the store.",
        value=evidence.requests.traces_pending,
    )
    yield GaugeMetricFamily(
        "tracer_tasks_beyond_limit",
        "Tasks seen beyond those that are told apart; why is in the evidence.",
        value=evidence.fragmentation.tasks if evidence.fragmentation else 0,
    )
    if evidence.teacher.reachable is not None:
        yield GaugeMetricFamily(
            "tracer_teacher_reachable",
            "Whether the teacher answered the last request.",
            value=float(evidence.teacher.reachable),
        )


def _tasks(tasks: tuple[TaskEvidence, ...]) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "tracer_task_requests", "Requests of a task.", labels=["task"]
    )
    answered = CounterMetricFamily(
        "tracer_task_answered", "Of those, answered by the surrogate.", labels=["task"]
    )
    audits = CounterMetricFamily(
        "tracer_audits", "Audits by verdict.", labels=["task", "verdict"]
    )
    cost = CounterMetricFamily(
        "tracer_cost", "Cost in the currency of the prices.", labels=["task", "kind"]
    )
    stopped = GaugeMetricFamily(
        "tracer_task_stopped",
        "Whether this pod has stopped its surrogate on the task.",
        labels=["task"],
    )
    for one in tasks:
        task = one.task[:_FINGERPRINT_SHOWN]
        requests.add_metric([task], one.requests)
        answered.add_metric([task], one.answered)
        audits.add_metric([task, "agreed"], one.audits_agreed)
        audits.add_metric([task, "disagreed"], one.audits_disagreed)
        audits.add_metric([task, "missing"], one.audits_missing)
        cost.add_metric([task, "saved"], float(one.cost_saved) + one.cost_correction)
        cost.add_metric([task, "cached"], float(one.cost_cached))
        stopped.add_metric([task], float(one.stopped))
        cost.add_metric([task, "teacher"], float(one.cost_teacher))
    yield from (requests, answered, audits, cost, stopped)
