"""The counts of revisions that are deleted, kept in the status of the router."""

from tracer_router.api import History, RevisionTotals, TracerRevision
from tracer_router.planning.evidence.evidence import add_totals, revision_total
from tracer_router.planning.objects.children import exceeding_history
from tracer_router.planning.state.observed import Observed

__all__ = ["fold_history", "sum_counts"]


def fold_history(observed: Observed, revisions: tuple[TracerRevision, ...]) -> History:
    """Return the history with the counts of the revisions that are to be deleted.

    Their numbers stay next to the sum until they are deleted. So no counts are added
    twice, and no revision is deleted before its counts are added, even if the operator
    stops in between.
    """
    before = observed.router.status.history
    present = {revision.spec.revision for revision in revisions}
    known = [number for number in before.revisions if number in present]
    added = [
        revision
        for revision in exceeding_history(observed, revisions)
        if revision.spec.revision not in known
    ]
    counts = (revision_total(revision.status.evidence) for revision in added)
    return History(
        counts=add_totals([before.counts, *counts]) if added else before.counts,
        revisions=(*known, *(revision.spec.revision for revision in added)),
    )


def sum_counts(
    history: History, revisions: tuple[TracerRevision, ...]
) -> RevisionTotals:
    """Return the counts of all revisions, including the deleted ones."""
    counted = set(history.revisions)
    kept = (
        revision_total(revision.status.evidence)
        for revision in revisions
        if revision.spec.revision not in counted
    )
    return add_totals([history.counts, *kept])
