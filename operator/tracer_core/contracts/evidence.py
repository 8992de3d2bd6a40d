"""The report of a data-plane pod at `/evidence`: cumulative counters of its process."""

from pydantic import Field

from tracer_core.contracts.counters import (
    CellCounters,
    RevisionCounters,
    TaskCounters,
)
from tracer_core.contracts.document import Document

__all__ = [
    "MAX_CELLS",
    "OTHER_CELLS",
    "SLOW_SECONDS",
    "CaptureState",
    "CellEvidence",
    "Evidence",
    "Fragmentation",
    "LoadState",
    "RequestEvidence",
    "TaskEvidence",
    "TeacherState",
]

MAX_CELLS = 128
"""Number of cells of a task that are counted separately. All pods of a revision share
one status object, which has a size limit."""

OTHER_CELLS = "(other cells)"
"""Name under which all other cells are counted together; it is never closed."""

SLOW_SECONDS = 0.05
"""Router time on one leg of a request above which the leg counts as slow, in
seconds."""


class CellEvidence(CellCounters):
    """Audits of one cell of a task, of the same completed prefix."""

    cell: str
    """Name of the cell."""


class TaskEvidence(TaskCounters):
    """Counters of one task in one pod process."""

    task: str
    """Fingerprint of the task."""
    cached: int = 0
    """Number of requests that the cache answered without the surrogate."""
    stopped: bool = False
    """Whether this pod has stopped its surrogate on the task after a gross failure."""
    cells: tuple[CellEvidence, ...] = ()
    """The same audits by cell."""


class RequestEvidence(RevisionCounters):
    """Counters over all tasks in one pod process."""

    embedding_tokens: int = 0
    """Number of tokens that the embeddings endpoint has counted, including those of
    answers after the timeout."""
    traces_logged: int = 0
    """Number of trace records on the local disk since the start; a kill loses none of
    them."""
    traces_pending: int = 0
    """Number of trace records on the local disk or in memory that are not stored
    yet."""


class TeacherState(Document):
    """Result of the last requests to the teacher."""

    reachable: bool | None = None
    """Whether the teacher answered the last request; None before the first one."""
    cause: str | None = None
    """Why the teacher did not answer; never contains request text or a key."""


class CaptureState(Document):
    """Whether traces are written to the local disk and to the store."""

    trouble: str | None = None
    """Why traces are not written at the moment; None if they are."""


class Fragmentation(Document):
    """Why requests have more tasks than are counted separately."""

    tasks: int
    """Number of tasks beyond the limit."""
    field: str
    """The request field in which most of them differ from a known task."""
    reason: str
    """Explanation with the necessary action."""


class LoadState(Document):
    """Whether the surrogate of this pod is loaded and verified."""

    expected: str | None = None
    """Digest of the configured bundle; None for revision 0."""
    loaded: str | None = None
    """Digest of the bundle that passed all checks; None for a pass-through."""
    reason: str | None = None
    """Why no bundle is loaded."""


class Evidence(Document):
    """The report of one pod."""

    version: int = 1
    """Version of this format."""
    revision: int
    """Number of the revision."""
    boot: str
    """Random ID of this process; counters start at zero with it."""
    policy_generation: int = -1
    """Newest policy generation that was applied; -1 before the first one."""
    requests: RequestEvidence = RequestEvidence()
    """Counters over all tasks."""
    tasks: tuple[TaskEvidence, ...] = ()
    """Counters by task."""
    capture: CaptureState = CaptureState()
    """Result of the last writes of traces."""
    fragmentation: Fragmentation | None = None
    """Why there are more tasks than are counted separately; None if there are not."""
    teacher: TeacherState = TeacherState()
    """Result of the last requests to the teacher."""
    surrogate: LoadState = Field(default=LoadState())
    """Whether a surrogate is loaded."""
