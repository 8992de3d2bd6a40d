"""Prometheus metrics: the same counts as the evidence, with bounded labels.

Each scrape reads the evidence, so that there is one counter for each event and a
request updates no separate metric. Label values are tasks (bounded, and `other`) and
closed sets.
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

_TASK_LABEL_LENGTH = len("sha256:") + 12


@dataclass(frozen=True, slots=True)
class InFlight:
    """The current activity of a process."""

    requests: int
    """Client requests in progress."""
    connections: int
    """Connections to the teacher in use."""
    audits: int
    """Audits in progress or queued."""


class MetricsPage:
    """The metrics of one process, in a registry of their own."""

    def __init__(
        self,
        evidence: Callable[[], Evidence],
        counters: ProcessCounters,
        in_flight: Callable[[], InFlight],
    ) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_EvidenceCollector(evidence, counters, in_flight))
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def text(self) -> bytes:
        """Return all metrics in the Prometheus text format."""
        return generate_latest(self._registry)


class _EvidenceCollector(Collector):
    def __init__(
        self,
        evidence: Callable[[], Evidence],
        counters: ProcessCounters,
        in_flight: Callable[[], InFlight],
    ) -> None:
        self._evidence = evidence
        self._counters = counters
        self._in_flight = in_flight

    @override
    def collect(self) -> Iterator[Metric]:
        evidence = self._evidence()
        yield _requests(evidence)
        yield _traces(evidence)
        yield _embeddings(evidence)
        yield from _gauges(evidence)
        yield from _tasks(evidence.tasks)
        yield _tokens(self._counters.tokens())
        yield _latencies(self._counters.latencies)
        yield _in_flight(self._in_flight())
        yield _by_enum(
            "tracer_deferrals",
            "Classified requests left to the teacher, by reason.",
            {reason: self._counters.deferrals[reason] for reason in Deferral},
        )
        yield _by_enum(
            "tracer_faults",
            "Internal errors of the data plane, by kind; the teacher answered instead.",
            {fault: self._counters.faults[fault] for fault in InternalFault},
        )
        yield _by_enum(
            "tracer_refusals",
            "Requests rejected by the data plane, by reason.",
            {reason: self._counters.refusals[reason] for reason in Rejection},
        )


def _tokens(by_task: Mapping[str, Mapping[str, int]]) -> Metric:
    family = CounterMetricFamily(
        "tracer_teacher_tokens",
        "Tokens reported by the teacher, by kind; prompt includes cached.",
        labels=["task", "kind"],
    )
    for task, tokens in by_task.items():
        for kind in ("prompt", "cached", "completion"):
            family.add_metric([task[:_TASK_LABEL_LENGTH], kind], tokens[kind])
    return family


def _latencies(latencies: Latencies) -> Metric:
    family = HistogramMetricFamily(
        "tracer_request_duration_seconds",
        "Seconds spent on a request, by leg.",
        labels=["leg"],
    )
    for leg, histogram in latencies.by_leg.items():
        family.add_metric([str(leg)], histogram.cumulative(), histogram.total)
    return family


def _in_flight(now: InFlight) -> Metric:
    family = GaugeMetricFamily(
        "tracer_in_flight_requests",
        "Requests, teacher connections, and audits in progress.",
        labels=["kind"],
    )
    family.add_metric(["requests"], now.requests)
    family.add_metric(["teacher-connections"], now.connections)
    family.add_metric(["audits"], now.audits)
    return family


def _requests(evidence: Evidence) -> Metric:
    counts = evidence.requests
    by_source = {
        "surrogate": counts.surrogate,
        "teacher": counts.teacher,
        "cache": counts.cached,
        "candidate": counts.diverted,
        "failed": counts.failed,
    }
    return _by_enum(
        "tracer_requests",
        "Requests, by source of the answer.",
        by_source,
        "answered_by",
    )


def _embeddings(evidence: Evidence) -> Metric:
    return CounterMetricFamily(
        "tracer_embedding_tokens",
        "Tokens reported by the embeddings endpoint.",
        value=evidence.requests.embedding_tokens,
    )


def _traces(evidence: Evidence) -> Metric:
    counts = evidence.requests
    by_fate = {"written": counts.traces_written, "dropped": counts.traces_dropped}
    return _by_enum("tracer_traces", "Trace records, by fate.", by_fate, "fate")


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
        "Generation of the applied policy; -1 before the first policy.",
        value=evidence.policy_generation,
    )
    yield GaugeMetricFamily(
        "tracer_traces_pending",
        "Trace records not yet in the store.",
        value=evidence.requests.traces_pending,
    )
    yield GaugeMetricFamily(
        "tracer_tasks_beyond_limit",
        "Tasks beyond the limit; the evidence reports the cause.",
        value=evidence.fragmentation.tasks if evidence.fragmentation else 0,
    )
    if evidence.teacher.reachable is not None:
        yield GaugeMetricFamily(
            "tracer_teacher_reachable",
            "Whether the teacher responded to the last request.",
            value=float(evidence.teacher.reachable),
        )


def _tasks(tasks: tuple[TaskEvidence, ...]) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "tracer_task_requests", "Requests, by task.", labels=["task"]
    )
    answered = CounterMetricFamily(
        "tracer_task_answered",
        "Requests answered by the surrogate, by task.",
        labels=["task"],
    )
    audits = CounterMetricFamily(
        "tracer_audits", "Audits, by task and verdict.", labels=["task", "verdict"]
    )
    cost = CounterMetricFamily(
        "tracer_cost",
        "Cost in the currency of the prices, by task and kind.",
        labels=["task", "kind"],
    )
    stopped = GaugeMetricFamily(
        "tracer_task_stopped",
        "Whether this pod has stopped its surrogate on the task.",
        labels=["task"],
    )
    for evidence in tasks:
        task = evidence.task[:_TASK_LABEL_LENGTH]
        requests.add_metric([task], evidence.requests)
        answered.add_metric([task], evidence.answered)
        audits.add_metric([task, "agreed"], evidence.audits_agreed)
        audits.add_metric([task, "disagreed"], evidence.audits_disagreed)
        audits.add_metric([task, "missing"], evidence.audits_missing)
        cost.add_metric(
            [task, "saved"], float(evidence.cost_saved + evidence.cost_correction)
        )
        cost.add_metric([task, "cached"], float(evidence.cost_cached))
        stopped.add_metric([task], float(evidence.stopped))
        cost.add_metric([task, "teacher"], float(evidence.cost_teacher))
    yield from (requests, answered, audits, cost, stopped)
