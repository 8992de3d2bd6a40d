"""The identity of an offline attempt: fixed for given terms, and different for others.

A changed identity makes a repeated `fit` a new attempt, which uses error budget.
"""

from dataclasses import fields, replace
from typing import Any

import pytest

from tracer_bentos.training.run.offline import FitTerms, attempt_identity

ROWS = "sha256:" + "0" * 64
TERMS = FitTerms(
    target=0.95,
    confidence=0.9,
    minimum=100,
    seed=7,
    strict=True,
    encoders=("sha256:ab", "https://models.example/v1 small"),
)
OTHER: dict[str, Any] = {
    "target": 0.951,
    "confidence": 0.91,
    "minimum": 101,
    "seed": 8,
    "strict": False,
    "encoders": ("sha256:ab",),
}


def test_the_identity_of_given_terms_never_changes() -> None:
    assert attempt_identity(ROWS, TERMS, algorithm=1) == (
        "sha256:1424f98d4fd59837f7c5763790b53f008f882c36ce093663bd40585735bf16a3"
    )


@pytest.mark.parametrize("field", [field.name for field in fields(FitTerms)])
def test_each_term_is_part_of_the_identity(field: str) -> None:
    other = replace(TERMS, **{field: OTHER[field]})

    assert attempt_identity(ROWS, other, 1) != attempt_identity(ROWS, TERMS, 1)


def test_rows_and_algorithm_are_part_of_the_identity() -> None:
    identities = {
        attempt_identity(ROWS, TERMS, 1),
        attempt_identity(ROWS, TERMS, 2),
        attempt_identity("sha256:" + "1" * 64, TERMS, 1),
    }

    assert len(identities) == 3
