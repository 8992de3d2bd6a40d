"""What a person says on the command line, as annotations that the operator reads."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.manifests import revision_manifest, router_manifest
from tracer_cli.app import build_parser
from tracer_cli.explain import list_revisions
from tracer_cli.user_annotations import pause, request_command, resume, target_of
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
    """Give the router as the API server would have it after the patch."""
    merged = {**found.metadata.annotations, **change}
    kept = {name: text for name, text in merged.items() if text is not None}
    metadata = found.metadata.model_copy(update={"annotations": kept})
    return found.model_copy(update={"metadata": metadata})


@given(verb=st.sampled_from(Command), number=st.integers(0, 10_000))
def test_what_is_asked_is_what_the_operator_reads(verb: Command, number: int) -> None:
    about = None if verb is Command.RETRAIN else number
    asked = annotated(
        router(), request_command(router(), verb, about, "20261125t1000-ab12cd")
    )
    request = pending_requests(asked, ())[0]
    assert (request.verb, request.revision) == (verb, about)
    assert request.id == "20261125t1000-ab12cd"


def test_answered_requests_are_cleared_away_and_open_ones_are_left() -> None:
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


def test_a_pause_is_a_state_that_is_taken_away() -> None:
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
    ("verb", "meant"),
    [
        (Command.PROMOTE, 4),
        (Command.ABORT, 4),
        (Command.ROLLBACK, 2),
        (Command.RETRY, 3),
        (Command.RETRAIN, None),
    ],
)
def test_a_verb_is_about_the_revision_that_is_meant(
    verb: Command, meant: int | None
) -> None:
    assert target_of(verb, None, REVISIONS) == meant


def test_a_verb_without_a_possible_target_says_so() -> None:
    with pytest.raises(SpecError, match="no revision is Live: name one"):
        target_of(Command.ROLLBACK, None, REVISIONS[2:])


def test_revisions_are_listed_newest_first() -> None:
    table = list_revisions(REVISIONS).splitlines()
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


@pytest.mark.parametrize("verb", [*Command, "pause", "resume", "revisions"])
def test_every_verb_is_on_the_command_line(verb: str) -> None:
    chosen = build_parser().parse_args([verb, "tickets", "-n", "team"])
    assert (chosen.name, chosen.namespace) == ("tickets", "team")
    assert callable(chosen.run)
