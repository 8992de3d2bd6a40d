"""How many labeled rows the store contains, in total and by task."""

from tracer_core.constants import OTHER_TASK
from tracer_router.api import History, TracerRevision
from tracer_router.planning.evidence.evidence import revision_total

__all__ = ["count_labeled_rows", "count_rows_by_task"]


def count_labeled_rows(
    revisions: tuple[TracerRevision, ...], history: History | None = None
) -> int:
    """Return the labeled rows of the uniform sample, of the task that has the most.

    An attempt is about one task, so rows of different tasks do not add up.
    """
    return max(count_rows_by_task(revisions, history).values(), default=0)


def count_rows_by_task(
    revisions: tuple[TracerRevision, ...], history: History | None = None
) -> dict[str, int]:
    """Return the labeled rows of each task, including those of deleted revisions.

    The task `other` is excluded: it combines many tasks, and none of them can be
    learned from its rows.
    """
    history = history or History()
    kept = (
        revision_total(revision.status.evidence)
        for revision in revisions
        if revision.spec.revision not in history.revisions
    )
    rows: dict[str, int] = {}
    for counts in (history.counts, *kept):
        for task in counts.tasks:
            if task.task != OTHER_TASK:
                rows[task.task] = rows.get(task.task, 0) + task.uniform_labelled
    return rows
