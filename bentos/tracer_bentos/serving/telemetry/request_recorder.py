"""Turns what happened to an admitted question into counts and a trace."""

from collections.abc import Callable
from decimal import Decimal

from tracer_bentos.protocols.adapter import ParsedResponse
from tracer_bentos.serving.records import Admission
from tracer_bentos.serving.telemetry.counters import ProcessCounters, TaskCounters
from tracer_bentos.serving.telemetry.label_stability import LabelStability
from tracer_bentos.serving.telemetry.pricing import CallCost, PriceTable
from tracer_core.contracts.traces import TraceRecord, TraceStatus

__all__ = ["RequestRecorder"]

_NO_ANSWER = ParsedResponse(TraceStatus.OK)


class RequestRecorder:
    """Writes one entry for each admitted question.

    Costs are measured where the teacher counted tokens. Where it did not (a stream
    without usage) the task's forecast stands in for the count of what the teacher cost,
    and before any measurement a guess from the sizes; the trace itself then has no
    cost.
    """

    def __init__(
        self,
        counts: ProcessCounters,
        prices: PriceTable,
        offer: Callable[[TraceRecord], None],
        revision: int,
        redaction: str,
    ) -> None:
        self._counts = counts
        self._prices = prices
        self._offer = offer
        self._revision = revision
        self._redaction = redaction
        self._repeats = LabelStability()

    def record_admission(self, admission: Admission) -> None:
        """Count a question of a task."""
        self._task(admission).requests += 1
        if admission.deferral:
            self._counts.deferrals[admission.deferral] += 1

    def record_cached_answer(self, admission: Admission) -> None:
        """Count an earlier answer of the teacher, given again; it leaves no trace."""
        task = self._task(admission)
        task.cached += 1
        task.cost_cached += self._forecast(task, admission, admission.repeated)
        self._counts.cached += 1

    def record_surrogate_answer(self, admission: Admission) -> None:
        """Count an answer of the surrogate."""
        task = self._task(admission)
        task.answered += 1
        self._counts.surrogate += 1
        forecast = self._forecast(task, admission, None)
        if admission.toss.sampled:
            task.avoided.to_be_audited(admission.id, forecast)
        else:
            task.avoided.not_audited(forecast)
            self._trace(admission, _NO_ANSWER, cost=None, latency_ms=None)

    def record_teacher_answer(
        self, admission: Admission, answer: ParsedResponse, latency_ms: float
    ) -> None:
        """Note what the teacher said, to the client or to an audit."""
        task = self._task(admission)
        cost = self._measured_cost(admission, answer)
        if admission.answer is not None:
            task.avoided.audited(
                admission.id,
                admission.session or admission.id,
                admission.toss.propensity,
                cost.total if cost else None,
            )
        if answer.label is not None:
            task.record_label(answer.label)
            self._compare(task, admission, answer.label)
        if answer.usage is not None:
            task.is_used(answer.usage)
        estimate = self._forecast(task, admission, answer.label)
        if answer.status is not TraceStatus.FAILED:
            task.cost_teacher += cost.total if cost else estimate
        if cost is not None:
            task.avoided.measured(estimate, cost.total)
            size = admission.question.size
            task.forecast.update(size, answer.label, cost.asked, cost.told)
        paid = float(cost.total) if cost else None
        self._trace(admission, answer, cost=paid, latency_ms=round(latency_ms, 3))

    def _compare(self, task: TaskCounters, admission: Admission, label: str) -> None:
        question = admission.question
        otherwise = self._repeats.observe(question.task, question.input, label)
        if otherwise is not None:
            task.record_repeat(otherwise=otherwise)

    def _task(self, admission: Admission) -> TaskCounters:
        return self._counts.task(admission.question.task)

    def _measured_cost(
        self, admission: Admission, answer: ParsedResponse
    ) -> CallCost | None:
        if answer.usage is None:
            return None
        return self._prices.cost(admission.question.model, answer.usage)

    def _forecast(
        self, task: TaskCounters, admission: Admission, told: str | None
    ) -> Decimal:
        question = admission.question
        said = told or (admission.answer.label if admission.answer else "")
        known = task.forecast.cost(question.size, said)
        if known is not None:
            return known
        return self._prices.estimate(question.model, question.size, len(said))

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
            uniform=admission.toss.sampled,
            propensity=admission.toss.propensity,
            model=admission.question.model,
            prompt_tokens=usage.prompt if usage else None,
            completion_tokens=usage.completion if usage else None,
            cost=cost,
            latency_ms=latency_ms,
        )
        self._offer(record)
