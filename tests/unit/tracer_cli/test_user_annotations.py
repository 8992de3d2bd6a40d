"""Rollout commands as annotations that the operator reads."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.manifests import revision_manifest, router_manifest
from tracer_cli.app import build_command
from tracer_cli.explain import tabulate_revisions
from tracer_cli.output import format_table
from tracer_cli.user_annotations import (
    pause,
    request_command,
    resume,
    select_target,
)
from tracer_core.errors import SpecError
from tracer_router.api import TracerRevision, TracerRouter
from tracer_router.planning.state.commands import Command, is_paused, pending_requests


def router(
    annotations: dict[str, str] | None = None, handled: tuple[str, ...] = ()
) -> TracerRouter:
    manifest = router_manifest()
    manifest["metadata"]["annotations"] = annotations or {}
    manifest["status"] = {"handled": list(handled)}
    return TracerRouter.model_validate(manifest)


def revision(number: int, phase: str) -> TracerRevision:
    manifest = revision_manifest(f"tickets-r{number}", revision=number)
    return TracerRevision.model_validate(manifest | {"status": {"phase": phase}})


def annotated(found: TracerRouter, change: dict[str, str | None]) -> TracerRouter:
    """Return the router as the API server stores it after the patch."""
    merged = {**found.metadata.annotations, **change}
    kept = {name: text for name, text in merged.items() if text is not None}
    metadata = found.metadata.model_copy(update={"annotations": kept})
    return found.model_copy(update={"metadata": metadata})


@given(command=st.sampled_from(Command), number=st.integers(0, 10_000))
def test_the_operator_reads_the_request_that_was_made(
    command: Command, number: int
) -> None:
    target = None if command is Command.RETRAIN else number
    requested = annotated(
        router(), request_command(router(), command, target, "20261125t1000-ab12cd")
    )
    request = pending_requests(requested, ())[0]
    assert (request.command, request.revision) == (command, target)
    assert request.id == "20261125t1000-ab12cd"


def test_handled_requests_are_removed_and_pending_ones_are_kept() -> None:
    found = router(
        {"tracerml.ai/do-old": "promote 1", "tracerml.ai/do-open": "abort 2", "x": "y"},
        handled=("old",),
    )
    after = annotated(found, request_command(found, Command.RETRY, 3, "new"))
    assert after.metadata.annotations == {
        "tracerml.ai/do-open": "abort 2",
        "tracerml.ai/do-new": "retry 3",
        "x": "y",
    }


def test_resume_removes_the_pause() -> None:
    held = annotated(router(), pause(datetime(2026, 11, 25, 10, tzinfo=UTC)))
    assert held.metadata.annotations == {"tracerml.ai/paused": "2026-11-25T10:00:00Z"}
    assert is_paused(held)
    assert not is_paused(annotated(held, resume()))


REVISIONS = (
    revision(1, "RolledBack"),
    revision(2, "Live"),
    revision(3, "RolledBack"),
    revision(4, "Shadow"),
)


@pytest.mark.parametrize(
    ("command", "target"),
    [
        (Command.PROMOTE, 4),
        (Command.ABORT, 4),
        (Command.ROLLBACK, 2),
        (Command.RETRY, 3),
        (Command.RETRAIN, None),
    ],
)
def test_a_command_targets_the_newest_revision_that_it_applies_to(
    command: Command, target: int | None
) -> None:
    assert select_target(command, None, REVISIONS) == target


def test_a_command_without_a_possible_target_is_an_error() -> None:
    with pytest.raises(SpecError, match="no revision is Live; select one with"):
        select_target(Command.ROLLBACK, None, REVISIONS[2:])


def test_revisions_are_listed_newest_first() -> None:
    table = format_table(tabulate_revisions(REVISIONS)).splitlines()
    assert table[0].split() == [
        "REVISION",
        "PHASE",
        "SINCE",
        "COVERAGE",
        "AGREED",
        "CLOSED",
        "REASON",
    ]
    assert [line.split()[0] for line in table[1:]] == ["4", "3", "2", "1"]


@pytest.mark.parametrize("name", [*Command, "pause", "resume", "revisions"])
def test_every_command_is_on_the_command_line(name: str) -> None:
    command = build_command().commands[name]
    context = command.make_context(name, ["tickets", "-n", "team"])
    chosen = context.params
    assert (chosen["name"], chosen["namespace"]) == ("tickets", "team")
    assert callable(command.callback)
