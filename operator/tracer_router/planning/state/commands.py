"""Commands that users give by annotation: command, target revision, unique ID.

An example is `tracerml.ai/do-ID: "promote 4"`. The operator executes each request once:
it stores the ID together with the effect, in one update of the revision, so that no
crash in between repeats the request. A request names its revision, so that a late
request cannot affect another one. Commands that reduce risk come first. Pausing is a
state, `tracerml.ai/paused`, and not a command: setting it twice has the same effect as
setting it once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import override

from tracer_core.constants import GROUP
from tracer_router.api import TracerRevision, TracerRouter

__all__ = [
    "COMMAND_PREFIX",
    "PAUSED",
    "Command",
    "CommandRequest",
    "handled_ids",
    "invalid_request_ids",
    "is_paused",
    "pending_requests",
]

PAUSED = f"{GROUP}/paused"
"""Annotation that holds rollouts and attempts; rollback stays automatic."""

COMMAND_PREFIX = f"{GROUP}/do-"
"""Prefix of the annotation of a command; the ID follows."""


class Command(StrEnum):
    """The commands, in the order in which the operator executes them."""

    ABORT = "abort"
    """End the rollout of a candidate."""
    ROLLBACK = "rollback"
    """Take a revision out of service, live or not."""
    RETRY = "retry"
    """Roll out a rolled-back revision again, with its earlier audits."""
    PROMOTE = "promote"
    """Allow full weight before the traffic period ends, if the evidence is enough."""
    RETRAIN = "retrain"
    """Begin a training attempt now."""


_ORDER = list(Command)


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """A command that a user requested."""

    id: str
    """Unique ID."""
    command: Command
    """What to do."""
    revision: int | None
    """The target revision; None for a command about the router."""

    @override
    def __str__(self) -> str:
        """Return the request in readable form."""
        target = "" if self.revision is None else f" of revision {self.revision}"
        return f"{self.command}{target} ({self.id})"


def is_paused(router: TracerRouter) -> bool:
    """Return whether a user paused the router."""
    return PAUSED in router.metadata.annotations


def pending_requests(
    router: TracerRouter, revisions: tuple[TracerRevision, ...]
) -> tuple[CommandRequest, ...]:
    """Return the requests without a result, in the order of execution."""
    handled = handled_ids(router, revisions)
    requests = [
        request
        for request_id, text in _annotations(router)
        if (request := _parse(request_id, text)) and request.id not in handled
    ]
    return tuple(
        sorted(
            requests, key=lambda request: (_ORDER.index(request.command), request.id)
        )
    )


def invalid_request_ids(router: TracerRouter) -> tuple[str, ...]:
    """Return the IDs of annotations that are not valid commands, if not yet refused."""
    handled = set(router.status.handled)
    return tuple(
        request_id
        for request_id, text in _annotations(router)
        if _parse(request_id, text) is None and request_id not in handled
    )


def handled_ids(
    router: TracerRouter, revisions: tuple[TracerRevision, ...]
) -> set[str]:
    """Return the IDs of all requests that were executed or refused."""
    ids = set(router.status.handled)
    for revision in revisions:
        ids |= set(revision.status.handled)
        ids |= (
            set(revision.spec.attempt.request_ids) if revision.spec.attempt else set()
        )
    return ids


def _annotations(router: TracerRouter) -> Iterator[tuple[str, str]]:
    for name, text in sorted(router.metadata.annotations.items()):
        if name.startswith(COMMAND_PREFIX) and name != COMMAND_PREFIX:
            yield name.removeprefix(COMMAND_PREFIX), text


def _parse(request_id: str, text: str) -> CommandRequest | None:
    command, _, number = text.strip().partition(" ")
    if command not in set(Command):
        return None
    if command == Command.RETRAIN:
        return None if number else CommandRequest(request_id, Command(command), None)
    if not number.isdecimal():
        return None
    return CommandRequest(request_id, Command(command), int(number))
