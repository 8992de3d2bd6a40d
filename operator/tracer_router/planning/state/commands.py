"""What people ask of a router by annotation: verb, target revision, unique id.

``tracerml.ai/do-ID: "promote 4"``. Each is carried out once: its id is written together
with its effect, in one update of the revision, so that no crash in between repeats it.
It names its revision, so that one that comes late cannot hit another. Those that take
risk away come first. Pausing is a state, ``tracerml.ai/paused``, no verb: to set it
twice is to set it once.
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
    "is_paused",
    "pending_requests",
    "unreadable_requests",
]

PAUSED = f"{GROUP}/paused"
"""The annotation that holds rollouts and attempts; going back stays automatic."""

COMMAND_PREFIX = f"{GROUP}/do-"
"""What the annotation of a verb begins with; its id follows."""


class Command(StrEnum):
    """What can be asked, in the order in which it is done."""

    ABORT = "abort"
    """End the rollout of a candidate."""
    ROLLBACK = "rollback"
    """Take a revision out of service, live or not."""
    RETRY = "retry"
    """Try a rolled-back revision again, with all that was counted of it."""
    PROMOTE = "promote"
    """Open full weight without the traffic period, once the evidence allows it."""
    RETRAIN = "retrain"
    """Begin an attempt now."""


_ORDER = list(Command)


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """One verb that somebody asked for."""

    id: str
    """Unique id."""
    verb: Command
    """What is asked."""
    revision: int | None
    """Of which revision; none for a verb about the router."""

    @override
    def __str__(self) -> str:
        """Give it as people read it."""
        about = "" if self.revision is None else f" of revision {self.revision}"
        return f"{self.verb}{about} ({self.id})"


def is_paused(router: TracerRouter) -> bool:
    """Tell whether somebody paused the router."""
    return PAUSED in router.metadata.annotations


def pending_requests(
    router: TracerRouter, revisions: tuple[TracerRevision, ...]
) -> tuple[CommandRequest, ...]:
    """Give what was asked and not yet done or refused, in the order to do it."""
    done = handled_ids(router, revisions)
    found = [
        request
        for key, text in _annotations(router)
        if (request := _read(key, text)) and request.id not in done
    ]
    return tuple(sorted(found, key=lambda each: (_ORDER.index(each.verb), each.id)))


def unreadable_requests(router: TracerRouter) -> tuple[str, ...]:
    """Give the ids of annotations that say nothing that can be done."""
    done = set(router.status.handled)
    return tuple(
        key
        for key, text in _annotations(router)
        if _read(key, text) is None and key not in done
    )


def _annotations(router: TracerRouter) -> Iterator[tuple[str, str]]:
    for name, text in sorted(router.metadata.annotations.items()):
        if name.startswith(COMMAND_PREFIX) and name != COMMAND_PREFIX:
            yield name.removeprefix(COMMAND_PREFIX), text


def _read(key: str, text: str) -> CommandRequest | None:
    verb, _, number = text.strip().partition(" ")
    if verb not in set(Command):
        return None
    if verb == Command.RETRAIN:
        return None if number else CommandRequest(key, Command(verb), None)
    if not number.isdecimal():
        return None
    return CommandRequest(key, Command(verb), int(number))


def handled_ids(
    router: TracerRouter, revisions: tuple[TracerRevision, ...]
) -> set[str]:
    """Give the ids of requests that were answered, by whatever they were done on."""
    ids = set(router.status.handled)
    for each in revisions:
        ids |= set(each.status.handled)
        ids |= set(each.spec.attempt.answers) if each.spec.attempt else set()
    return ids
