"""The Events of a changed revision, with their types."""

from typing import Any

import pytest

from support.manifests import revision_manifest
from tracer_router.api import TracerRevision
from tracer_router.planning.state.plan import EventRecord, EventType
from tracer_router.planning.status.events import plan_events

NORMAL, WARNING = EventType.NORMAL, EventType.WARNING


def revision(**status: Any) -> TracerRevision:
    return TracerRevision.model_validate(revision_manifest() | {"status": status})


@pytest.mark.parametrize(
    ("before", "after", "events"),
    [
        pytest.param(
            {},
            {"phase": "Training"},
            [EventRecord("Training", "revision 1: Training", NORMAL)],
            id="a new revision",
        ),
        pytest.param(
            {"phase": "Shadow"},
            {"phase": "Canary", "rolloutStep": 0, "reason": "90 of 90 audits agreed"},
            [
                EventRecord(
                    "Canary",
                    "revision 1: Canary, step 1: 90 of 90 audits agreed",
                    NORMAL,
                )
            ],
            id="the first step",
        ),
        pytest.param(
            {"phase": "Canary", "rolloutStep": 0},
            {"phase": "Canary", "rolloutStep": 1},
            [EventRecord("Canary", "revision 1: Canary, step 2", NORMAL)],
            id="another step",
        ),
        pytest.param(
            {"phase": "Training"},
            {"phase": "Rejected", "reason": "no step passed"},
            [EventRecord("Rejected", "revision 1: Rejected: no step passed", WARNING)],
            id="a rejected attempt",
        ),
        pytest.param(
            {"phase": "Live"},
            {"phase": "RolledBack", "reason": "drift", "cause": "TeacherChanged"},
            [
                EventRecord("RolledBack", "revision 1: RolledBack: drift", WARNING),
                EventRecord("TeacherChanged", "revision 1: drift", WARNING),
            ],
            id="a rollback with a known cause",
        ),
        pytest.param(
            {"phase": "Live"},
            {"phase": "RolledBack", "reason": "drift", "cause": "CauseUnknown"},
            [EventRecord("RolledBack", "revision 1: RolledBack: drift", WARNING)],
            id="a rollback with an unknown cause",
        ),
        pytest.param(
            {"phase": "Live", "closed": [{"cell": "a", "reason": "drifted"}]},
            {
                "phase": "Live",
                "closed": [
                    {"cell": "a", "reason": "drifted"},
                    {"cell": "b", "reason": "below 0.95"},
                ],
            },
            [
                EventRecord(
                    "CellClosed",
                    "revision 1: cell 'b' was returned to the teacher: below 0.95",
                    WARNING,
                )
            ],
            id="a closed cell",
        ),
        pytest.param(
            {"phase": "Live", "reason": "promoted"},
            {"phase": "Live", "reason": "promoted"},
            [],
            id="no change",
        ),
    ],
)
def test_a_changed_revision_has_events(
    before: dict[str, Any], after: dict[str, Any], events: list[EventRecord]
) -> None:
    found = plan_events((revision(**before),), (revision(**after),))
    assert list(found) == events
