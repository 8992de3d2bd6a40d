"""Converts the events of an admitted question into counts and a trace."""

from collections.abc import Callable
from decimal import Decimal

from tracer_bentos.protocols.adapter import ParsedResponse
from tracer_bentos.serving.records import Admission
from tracer_bentos.serving.telemetry.counters import LiveTaskCounters, ProcessCounters
from tracer_bentos.serving.telemetry.label_stability import LabelStability
from tracer_bentos.serving.telemetry.pricing import CallCost, PriceTable
from tracer_core.contracts.traces import TraceRecord, TraceStatus

__all__ = ["RequestRecorder"]

_NO_ANSWER = ParsedResponse(TraceStatus.OK)


class RequestRecorder:
    """Records one trace for each admitted question, except for answers from the cache.

    Costs are measured if the teacher counted the tokens. If it did not (a stream
    without usage), the teacher cost of the task is increased by the forecast of the
    task, or by an estimate from the sizes before the first measurement. The trace then
    has no cost.
    """

    def __init__(
        self,
        counters: ProcessCounters,
        prices: PriceTable,
        enqueue_trace: Callable[[TraceRecord], None],
        revision: int,
        redaction: str,
    ) -> None:
        self._counters = counters
        self._prices = prices
        self._enqueue_trace = enqueue_trace
        self._revision = revision
        self._redaction = redaction
        self._label_stability = LabelStability()

    def record_admission(self, admission: Admission) -> None:
        """Count a question of a task."""
        self._task(admission).requests += 1
        if admission.deferral:
            self._counters.deferrals[admission.deferral] += 1

    def record_cached_answer(self, admission: Admission) -> None:
        """Count an answer from the cache; it has no trace."""
        task = self._task(admission)
        task.cached += 1
        task.cost_cached += self._forecast(task, admission, admission.cached_label)
        self._counters.cached += 1

    def record_surrogate_answer(self, admission: Admission) -> None:
        """Count an answer of the surrogate; trace it unless an audit will do so."""
        task = self._task(admission)
        task.answered += 1
        self._counters.surrogate += 1
        forecast = self._forecast(task, admission, None)
        if admission.draw.sampled:
            task.avoided.expect_audit(admission.id, forecast)
        else:
            task.avoided.record_unaudited(forecast)
            self._trace(admission, _NO_ANSWER, cost=None, latency_ms=None)

    def record_teacher_answer(
        self, admission: Admission, answer: ParsedResponse, latency_ms: float
    ) -> None:
        """Count and trace an answer of the teacher, to the client or to an audit."""
        task = self._task(admission)
        cost = self._measured_cost(admission, answer)
        if admission.answer is not None:
            task.avoided.record_audit(
                admission.id,
                admission.session or admission.id,
                admission.draw.propensity,
                cost.total if cost else None,
            )
        if answer.label is not None:
            task.record_label(answer.label)
            self._record_repeat(task, admission, answer.label)
        if answer.usage is not None:
            task.record_tokens(answer.usage)
        forecast = self._forecast(task, admission, answer.label)
        if answer.status is not TraceStatus.FAILED:
            task.cost_teacher += cost.total if cost else forecast
        if cost is not None:
            task.avoided.record_forecast_error(forecast, cost.total)
            size = admission.question.size
            task.forecast.update(size, answer.label, cost.prompt, cost.completion)
        measured = float(cost.total) if cost else None
        self._trace(admission, answer, cost=measured, latency_ms=round(latency_ms, 3))

    def _record_repeat(
        self, task: LiveTaskCounters, admission: Admission, label: str
    ) -> None:
        question = admission.question
        changed = self._label_stability.observe(question.task, question.input, label)
        if changed is not None:
            task.record_repeat(otherwise=changed)

    def _task(self, admission: Admission) -> LiveTaskCounters:
        return self._counters.task(admission.question.task)

    def _measured_cost(
        self, admission: Admission, answer: ParsedResponse
    ) -> CallCost | None:
        if answer.usage is None:
            return None
        return self._prices.cost(admission.question.model, answer.usage)

    def _forecast(
        self, task: LiveTaskCounters, admission: Admission, teacher_label: str | None
    ) -> Decimal:
        question = admission.question
        predicted = admission.answer.label if admission.answer else ""
        label = teacher_label or predicted
        forecast = task.forecast.cost(question.size, label)
        if forecast is not None:
            return forecast
        return self._prices.estimate(question.model, question.size, len(label))

    def _trace(
        self,
        admission: Admission,
        answer: ParsedResponse,
        *,
        cost: float | None,
        latency_ms: float | None,
    ) -> None:
        prediction, usage = admission.prediction, answer.usage
        record = TraceRecord(
            input=admission.input,
            redaction=self._redaction,
            teacher=answer.label,
            id=admission.id,
            time=admission.received,
            task=admission.question.task,
            session=admission.session,
            status=answer.status,
            decision=admission.decision,
            revision=self._revision,
            cell=prediction.cell if prediction else None,
            surrogate=prediction.label if prediction else None,
            uniform=admission.draw.sampled,
            propensity=admission.draw.propensity,
            model=admission.question.model,
            prompt_tokens=usage.prompt if usage else None,
            completion_tokens=usage.completion if usage else None,
            cost=cost,
            latency_ms=latency_ms,
        )
        self._enqueue_trace(record)
