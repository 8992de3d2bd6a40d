"""The share of the traffic that a candidate really gets, beside the one asked for."""

import math
from collections.abc import Iterable

from tracer_router.api import ShareBaseline, TracerRevision
from tracer_router.planning.evidence import total

__all__ = ["observed_share", "requests_now", "too_few", "too_much"]

_ENOUGH = 200
"""Requests below which a share says nothing."""
_SEEN = 20
"""Requests that a candidate must have taken at a weight before it gets a higher one."""
_SLACK = 0.05
"""By how much the observed share may lie above the one asked for."""


def requests_now(
    candidate: TracerRevision, revisions: Iterable[TracerRevision]
) -> ShareBaseline:
    """Give the requests counted up to now, of the candidate and of the others."""
    number = candidate.spec.revision
    counts = {each.spec.revision: total(each.status.evidence) for each in revisions}
    others = (each.requests for key, each in counts.items() if key != number)
    own = counts[number].requests if number in counts else 0
    return ShareBaseline(own=own, others=sum(others))


def observed_share(
    candidate: TracerRevision, revisions: Iterable[TracerRevision]
) -> float | None:
    """Give the share since the step began; none before there are enough requests."""
    own, all_requests = _since_step(candidate, revisions)
    return own / all_requests if all_requests >= _ENOUGH else None


def too_few(
    candidate: TracerRevision, revisions: Iterable[TracerRevision]
) -> str | None:
    """Say that the step has seen too little to be worth anything; None when not."""
    own, _ = _since_step(candidate, revisions)
    if own >= _SEEN:
        return None
    return f"{_SEEN - own} more requests at this weight before the next one"


def too_much(
    candidate: TracerRevision, revisions: Iterable[TracerRevision], asked: float
) -> str | None:
    """Say that the candidate gets clearly more than was asked; None when not.

    Less is no harm: callers of the Service are never sent to a candidate.
    """
    own, seen = _since_step(candidate, revisions)
    if seen < _ENOUGH:
        return None
    share = own / seen
    if share <= asked + _SLACK + 3 * math.sqrt(asked * (1 - asked) / seen):
        return None
    return f"it gets {share:.1%} of the traffic instead of {asked:.0%}"


def _since_step(
    candidate: TracerRevision, revisions: Iterable[TracerRevision]
) -> tuple[int, int]:
    before = candidate.status.share
    if before is None:
        return 0, 0
    now = requests_now(candidate, revisions)
    own, others = max(0, now.own - before.own), max(0, now.others - before.others)
    return own, own + others
