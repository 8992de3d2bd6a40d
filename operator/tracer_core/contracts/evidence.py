"""What a data-plane pod reports at `/evidence`: cumulative counts since its boot."""

from decimal import Decimal

from pydantic import Field

from tracer_core.contracts.document import Document

__all__ = [
    "MAX_CELLS",
    "OTHER_CELLS",
    "SLOW_SECONDS",
    "CaptureState",
    "CellEvidence",
    "Evidence",
    "Fragmentation",
    "LegEvidence",
    "LoadState",
    "RequestCounts",
    "TaskEvidence",
    "TeacherState",
]

MAX_CELLS = 128
"""Cells of a task that are counted apart; the evidence of all pods is in one status."""

OTHER_CELLS = "(other cells)"
"""What the audits of all others are counted as; it is no cell and is never closed."""

SLOW_SECONDS = 0.05
"""Time of our own on one leg of a question, beyond which it counts as slow."""


class CellEvidence(Document):
    """The audits of one cell of a task, of the same completed prefix."""

    cell: str
    """Name of the cell."""
    agreed: int = 0
    """The teacher agreed."""
    disagreed: int = 0
    """The teacher disagreed."""
    missing: int = 0
    """The teacher failed or gave no usable answer."""


class TaskEvidence(Document):
    """Cumulative counts of one task in one boot of one pod.

    Audits are numbered at admission and only the completed prefix counts, so that a
    slow disagreement cannot be overtaken by quick agreements.
    """

    task: str
    """Fingerprint of the task."""
    requests: int = 0
    """Requests of the task received."""
    answered: int = 0
    """Requests that the surrogate answered."""
    cached: int = 0
    """Requests that were answered from the cache; the surrogate was not asked."""
    stopped: bool = False
    """Whether this pod has stopped its surrogate on the task for gross failure."""
    uniform_labelled: int = 0
    """Rows of the uniform sample captured with a usable label."""
    labels: int = 0
    """Distinct labels seen from the teacher, counted up to a bound."""
    repeats: int = 0
    """Labelled answers of the teacher to an input that it had answered in this boot."""
    repeats_otherwise: int = 0
    """Of those, how many are not its first answer to that input."""
    audits_admitted: int = 0
    """Accepted requests whose audit was begun, one a session at most. With the
    surrogate off (a shadow), those that it would have answered."""
    audits_agreed: int = 0
    """Of the completed prefix: the teacher agreed."""
    audits_disagreed: int = 0
    """Of the completed prefix: the teacher disagreed."""
    audits_missing: int = 0
    """Of the completed prefix: the teacher failed or gave no usable answer."""
    cells: tuple[CellEvidence, ...] = ()
    """The same audits by cell."""
    cost_saved: Decimal = Decimal(0)
    """Predicted teacher cost of what the surrogate answered without an audit."""
    cost_correction: float = 0.0
    """What the audited answers add to it, weighted by one over the coin's rate."""
    cost_spread: float = 0.0
    """Estimated variance of the correction."""
    cost_samples: int = 0
    """Sessions that the spread rests on."""
    cost_audits: Decimal = Decimal(0)
    """Cost of the teacher's answers to audits."""
    cost_cached: Decimal = Decimal(0)
    """Predicted teacher cost of what was answered from the cache."""
    cost_teacher: Decimal = Decimal(0)
    """Cost of the teacher's answers, audits included."""


class LegEvidence(Document):
    """How long our own part of one leg took, in one boot of one pod."""

    questions: int = 0
    """Questions that went this way."""
    slow: int = 0
    """Of those, how many took it longer than `SLOW_SECONDS`."""


class RequestCounts(Document):
    """Cumulative counts over all tasks in one boot of one pod."""

    requests: int = 0
    """Requests taken on the traffic port and not handed over."""
    cached: int = 0
    """Answered by an earlier answer of the teacher to the same request."""
    diverted: int = 0
    """Requests handed over to the candidate's pods, which count them."""
    surrogate: int = 0
    """Answered by the surrogate."""
    teacher: int = 0
    """Answered by the teacher."""
    failed: int = 0
    """Answered with an error that came from this pod, not from the teacher."""
    faults: int = 0
    """Faults of our own in deciding; the teacher answered instead."""
    surrogate_leg: LegEvidence = LegEvidence()
    """Answers of the surrogate: from the question read to the last byte of the answer
    handed over to the connection."""
    teacher_leg: LegEvidence = LegEvidence()
    """Questions left to the teacher: from the question read until the teacher is asked.
    What comes then is not in it: connecting, the teacher's time, and our handing on of
    its bytes, which only a clock at every piece would tell from waiting for the teacher
    and for the client."""
    refused: int = 0
    """Refused by this pod on purpose: unknown key, too large, too many at once."""
    embedding_tokens: int = 0
    """Tokens that the embeddings endpoint has counted, those of late answers too."""
    cost_embeddings: Decimal = Decimal(0)
    """What they cost, at the price of `embedder.endpoint`."""
    traces_written: int = 0
    """Trace records that reached the store."""
    traces_logged: int = 0
    """Trace records made safe on local disk in this boot: a kill loses none of them."""
    traces_pending: int = 0
    """Trace records on local disk or in memory, not yet in the store."""
    traces_dropped: int = 0
    """Trace records given up under pressure."""


class TeacherState(Document):
    """What the last requests to the teacher met."""

    reachable: bool | None = None
    """Whether the teacher answered the last request; none before the first."""
    cause: str | None = None
    """Why it did not, for people; never holds a prompt or a key."""


class CaptureState(Document):
    """Whether traces get to local disk and into the store."""

    trouble: str | None = None
    """Why they do not just now, for people; none when they do."""


class Fragmentation(Document):
    """What makes more tasks than are told apart."""

    tasks: int
    """Tasks seen beyond the limit."""
    field: str
    """The field in which most of them differ from a known task."""
    reason: str
    """The same for people, with what to do."""


class LoadState(Document):
    """Whether this pod's surrogate is loaded and verified."""

    expected: str | None = None
    """Digest of the bundle that the pod was started with; none for revision 0."""
    loaded: str | None = None
    """Digest of the bundle that passed every check; none while passing through."""
    reason: str | None = None
    """Why nothing is loaded, for people."""


class Evidence(Document):
    """The whole report of one pod."""

    version: int = 1
    """Version of this format."""
    revision: int
    """The revision that the pod runs."""
    boot: str
    """Random id of this boot; counts start anew with it."""
    policy_generation: int = -1
    """The newest policy generation applied; -1 before the first."""
    requests: RequestCounts = RequestCounts()
    """Counts over all tasks."""
    tasks: tuple[TaskEvidence, ...] = ()
    """Counts by task."""
    capture: CaptureState = CaptureState()
    """What became of the last traces."""
    fragmentation: Fragmentation | None = None
    """Why there are more tasks than are told apart; none while there are not."""
    teacher: TeacherState = TeacherState()
    """What the teacher was like lately."""
    surrogate: LoadState = Field(default=LoadState())
    """Whether a surrogate is loaded."""
