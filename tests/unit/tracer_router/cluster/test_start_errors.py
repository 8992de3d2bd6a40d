"""Why a pod does not start, as its status reports it."""

from typing import Any

import pytest

from tracer_router.cluster.start_errors import find_start_error


def waiting(**reason: str) -> dict[str, Any]:
    return {"containerStatuses": [{"state": {"waiting": reason}}]}


def scheduled(status: str, **message: str) -> dict[str, Any]:
    condition = {"type": "PodScheduled", "status": status, **message}
    return {"conditions": [condition]}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        pytest.param({}, None, id="a new pod"),
        pytest.param(waiting(reason="ContainerCreating"), None, id="a starting pod"),
        pytest.param(
            {"containerStatuses": [{"state": {"running": {}}}]},
            None,
            id="a running pod",
        ),
        pytest.param(
            waiting(reason="ImagePullBackOff", message="not found"),
            "ImagePullBackOff: not found",
            id="an image that is missing",
        ),
        pytest.param(
            waiting(reason="CrashLoopBackOff"), "CrashLoopBackOff", id="no message"
        ),
        pytest.param(scheduled("True"), None, id="a scheduled pod"),
        pytest.param(
            scheduled("False", message="0/1 nodes are available"),
            "0/1 nodes are available",
            id="no node",
        ),
        pytest.param(scheduled("False"), "not scheduled", id="no node and no message"),
    ],
)
def test_a_pod_that_does_not_start_has_an_error(
    status: dict[str, Any], error: str | None
) -> None:
    assert find_start_error(status) == error
