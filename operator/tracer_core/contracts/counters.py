"""The counters of a revision, declared once.

Pods report them in `tracer_core.contracts.evidence`, the status of a revision stores
them in `tracer_router.api.status.evidence`, and `tracer_router.planning.evidence` adds
them up. All three derive their models from the classes in this module, and copy, add,
and subtract counters by name. A new counter is declared here and counted in the data
plane.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import PlainSerializer, WithJsonSchema

from tracer_core.contracts.document import Document

__all__ = [
    "Amount",
    "CellCounters",
    "Counters",
    "FaultCounters",
    "GuardCounters",
    "LegCounters",
    "Maximum",
    "RequestCounters",
    "RevisionCounters",
    "TaskCounters",
    "add_counters",
    "copy_counters",
    "subtract_counters",
]

Amount = Annotated[
    Decimal,
    PlainSerializer(lambda amount: f"{amount:f}", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string"}),
]
"""An exact decimal number; in JSON, a string without an exponent."""


@dataclass(frozen=True, slots=True)
class Maximum:
    """Marks a counter of which the maximum is used in place of the sum."""


class Counters(Document):
    """Cumulative counters since the start of a process or of a revision."""


class LegCounters(Counters):
    """Latency counters of one leg of a request."""

    questions: int = 0
    """Number of requests with this leg."""
    slow: int = 0
    """Number of requests for which the leg took longer than 50 ms."""


class FaultCounters(Counters):
    """Internal errors, which are part of the guards and of the totals of a router."""

    faults: int = 0
    """Number of internal errors of the data plane; the teacher answered these
    requests."""


class GuardCounters(FaultCounters):
    """The counters of the rollout guards.

    Each field has the name of a `GuardKind` in lower case. Its value is a number of
    events among all requests, or the counters of one leg.
    """

    surrogate_leg: LegCounters = LegCounters()
    """Latency of surrogate answers: from the complete question to the complete answer
    sent. Excludes the time of the client."""
    teacher_leg: LegCounters = LegCounters()
    """Latency of requests to the teacher: from the complete question to the call to the
    teacher. Excludes the latency of the teacher and the response."""


class RequestCounters(FaultCounters):
    """Counters over all tasks, for a revision or a router."""

    requests: int = 0
    """Number of requests received."""
    surrogate: int = 0
    """Number of requests that the surrogate answered."""
    teacher: int = 0
    """Number of requests that the teacher answered."""
    failed: int = 0
    """Number of requests that a pod answered with an error of its own."""
    traces_written: int = 0
    """Number of trace records that were stored."""
    traces_dropped: int = 0
    """Number of trace records that were dropped because of a full spool or queue."""
    cost_embeddings: Amount = Decimal(0)
    """Cost of the embeddings endpoint, as a decimal number."""


class RevisionCounters(RequestCounters, GuardCounters):
    """Counters over all tasks of one revision."""

    cached: int = 0
    """Number of requests that the cache answered."""
    diverted: int = 0
    """Number of requests that were forwarded to the pods of a candidate, which count
    them; not part of `requests`."""
    refused: int = 0
    """Number of requests that a pod rejected: unknown key, body too large, or too many
    concurrent requests."""


class CellCounters(Counters):
    """Counters of audits by outcome."""

    agreed: int = 0
    """Number of audits in which the surrogate agreed with the teacher."""
    disagreed: int = 0
    """Number of audits in which the surrogate disagreed with the teacher."""
    missing: int = 0
    """Number of audits without a usable answer of the teacher."""


class TaskCounters(Counters):
    """Counters of one task.

    Audits are numbered at admission and only the completed prefix counts, so that quick
    agreements are not counted before a slow disagreement.
    """

    requests: int = 0
    """Number of requests of the task."""
    answered: int = 0
    """Number of requests that the surrogate answered."""
    uniform_labelled: int = 0
    """Number of rows of the uniform sample that were stored with a usable label."""
    labels: Annotated[int, Maximum()] = 0
    """Number of distinct labels of the teacher, up to a limit."""
    repeats: int = 0
    """Number of labels for an input that the same pod process had a label for."""
    repeats_otherwise: int = 0
    """Number of these labels that differ from the first label for the input."""
    audits_admitted: int = 0
    """Number of audits that were started, at most one for each session."""
    audits_agreed: int = 0
    """Number of audits in which the surrogate agreed with the teacher."""
    audits_disagreed: int = 0
    """Number of audits in which the surrogate disagreed with the teacher."""
    audits_missing: int = 0
    """Number of audits without a usable answer of the teacher."""
    cost_saved: Amount = Decimal(0)
    """Predicted teacher cost of surrogate answers without an audit, as a decimal
    number."""
    cost_correction: Amount = Decimal(0)
    """Correction of `costSaved` by the audited answers, weighted by one over the audit
    rate, as a decimal number."""
    cost_spread: Amount = Decimal(0)
    """Estimated variance of the correction, as a decimal number."""
    cost_samples: int = 0
    """Number of sessions in the estimate of the variance."""
    cost_audits: Amount = Decimal(0)
    """Cost of teacher answers to audits, as a decimal number."""
    cost_cached: Amount = Decimal(0)
    """Predicted teacher cost of answers of the cache, as a decimal number."""
    cost_teacher: Amount = Decimal(0)
    """Cost of teacher answers, including audits, as a decimal number."""


Kind = TypeVar("Kind", bound=Counters)


def copy_counters(kind: type[Counters], source: object) -> dict[str, Any]:
    """Return the counters of a kind that a source has, by name.

    Args:
        kind: Declares the counters.
        source: Has an attribute for each of them.
    """
    return {name: getattr(source, name) for name in kind.model_fields}


def add_counters(kind: type[Kind], sources: Iterable[Kind]) -> dict[str, Any]:
    """Return the sum of each counter of a kind, by name.

    Args:
        kind: Declares the counters.
        sources: The summands; other fields of a derived class are ignored.
    """
    summands = tuple(sources)
    return {
        name: _combine(field, [getattr(source, name) for source in summands])
        for name, field in kind.model_fields.items()
    }


def subtract_counters(kind: type[Kind], later: Kind, earlier: Kind) -> dict[str, Any]:
    """Return the increase of each counter of a kind, by name; at least 0.

    Args:
        kind: Declares the counters.
        later: The counters at the end.
        earlier: The counters at the start.
    """
    return {
        name: _subtract(getattr(later, name), getattr(earlier, name))
        for name in kind.model_fields
    }


def _combine(field: Any, values: list[Any]) -> Any:
    default = field.default
    if isinstance(default, Counters):
        return type(default)(**add_counters(type(default), values))
    if any(isinstance(mark, Maximum) for mark in field.metadata):
        # Several pods observe the same values: a sum counts them more than once.
        return max(values, default=default)
    return sum(values, default)


def _subtract(later: Any, earlier: Any) -> Any:
    if isinstance(later, Counters):
        kind = type(later)
        return kind(**subtract_counters(kind, later, earlier))
    return max(later - earlier, type(later)(0))
