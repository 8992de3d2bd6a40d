"""The values of Kubernetes quantities."""

from typing import Any

import pytest

from tracer_router.cluster.quantity import parse_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0.0),
        ("2", 2.0),
        ("250m", 0.25),
        ("1.5k", 1500.0),
        ("1Gi", 2.0**30),
        ("512Mi", 2.0**29),
        ("3T", 3e12),
        ("1Xi", None),
        ("m", None),
        ("", None),
        (2, None),
        (None, None),
    ],
)
def test_a_quantity_has_a_value(text: Any, value: float | None) -> None:
    assert parse_quantity(text) == value
