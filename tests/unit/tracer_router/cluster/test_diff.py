"""What counts as a difference between a live object and an intent."""

from typing import Any

import pytest

from tracer_router.cluster.diff import contains, controlled_by


@pytest.mark.parametrize(
    ("live", "intent", "same"),
    [
        ({"a": 1, "added": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({}, {"a": 1}, False),
        ({"l": [{"port": 80, "protocol": "TCP"}]}, {"l": [{"port": 80}]}, True),
        ({"l": [1, 2]}, {"l": [1]}, False),
        ({"cpu": "1"}, {"cpu": "1000m"}, True),
        ({"memory": "1Gi"}, {"memory": "1024Mi"}, True),
        ({"memory": "1Gi"}, {"memory": "1G"}, False),
        ({"weight": 5}, {"weight": 25}, False),
        ({"name": "5m"}, {"name": "m"}, False),
    ],
)
def test_an_intent_is_contained_when_nothing_of_it_is_missing_or_different(
    live: Any, intent: Any, same: bool
) -> None:
    assert contains(live, intent) is same


def test_only_the_controller_with_the_uid_of_the_router_controls() -> None:
    def owned(**owner: Any) -> dict[str, Any]:
        return {"metadata": {"ownerReferences": [owner]}}

    found = [
        controlled_by(owned(uid="mine", controller=True), "mine"),
        controlled_by(owned(uid="theirs", controller=True), "mine"),
        controlled_by(owned(uid="mine"), "mine"),
        controlled_by({"metadata": {}}, "mine"),
    ]
    assert found == [True, False, False, False]
