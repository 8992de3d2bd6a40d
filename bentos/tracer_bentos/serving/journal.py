"""Turns what happened to an admitted question into counts and a trace."""

from collections.abc import Callable

from tracer_bentos.serving.admission import Admission
from tracer_bentos.serving.counts import Counts, TaskCounts
from tracer_bentos.serving.prices import Prices
from tracer_bentos.serving.protocols.adapter import Answer
from tracer_router.contracts.traces import TraceRecord, TraceStatus

__all__ = ["Journal"]

_NOT_ASKED = Answer(TraceStatus.OK)


class Journal:
    """Writes one entry for each admitted question.

    Costs are measured where the teacher counted tokens. Where it did not (a stream
    without usage) the task's mean measured cost stands in for the count of what the
    teacher cost, and before any measurement a guess from the sizes; the trace itself
    then has no cost.
    """

    def __init__(
        self,
        counts: Counts,
        prices: Prices,
        offer: Callable[[TraceRecord], None],
        revision: int,
        redaction: str,
    ) -> None:
        self._counts = counts
        self._prices = prices
        self._offer = offer
        self._revision = revision
        self._redaction = redaction

    def admitted(self, admission: Admission) -> None:
        """Count a question of a task."""
        self._task(admission).requests += 1
        if admission.deferral:
            self._counts.deferrals[admission.deferral] += 1

    def answered(self, admission: Admission) -> None:
        """Count an answer of the surrogate."""
        task = self._task(admission)
        task.answered += 1
        self._counts.surrogate += 1
        if not admission.toss.heads:
            task.cost_saved += self._expected_cost(task, admission, _NOT_ASKED)
            self._trace(admission, _NOT_ASKED, cost=None, latency_ms=None)

    def taught(self, admission: Admission, answer: Answer, latency_ms: float) -> None:
        """Note what the teacher said, to the client or to an audit."""
        task = self._task(admission)
        cost = self._measured_cost(admission, answer)
        if answer.label is not None:
            task.saw_label(answer.label)
        if cost is not None:
            task.paid(cost)
        if answer.status is not TraceStatus.FAILED:
            estimate = self._expected_cost(task, admission, answer)
            task.cost_teacher += estimate if cost is None else cost
        self._trace(admission, answer, cost=cost, latency_ms=round(latency_ms, 3))

    def _task(self, admission: Admission) -> TaskCounts:
        return self._counts.task(admission.question.task)

    def _measured_cost(self, admission: Admission, answer: Answer) -> float | None:
        if answer.usage is None:
            return None
        return self._prices.cost(admission.question.model, answer.usage)

    def _expected_cost(
        self, task: TaskCounts, admission: Admission, answer: Answer
    ) -> float:
        if task.mean_cost is not None:
            return task.mean_cost
        said = admission.answer.label if admission.answer else answer.label
        question = admission.question
        return self._prices.estimate(question.model, question.size, len(said or ""))

    def _trace(
        self,
        admission: Admission,
        answer: Answer,
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
            uniform=admission.toss.heads,
            propensity=admission.toss.propensity,
            model=admission.question.model,
            prompt_tokens=usage.prompt if usage else None,
            completion_tokens=usage.completion if usage else None,
            cost=cost,
            latency_ms=latency_ms,
        )
        self._offer(record)
