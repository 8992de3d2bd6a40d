from typing import Annotated

import pytest
from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, ListMap, Rule
from tracer_router.api.crd.schema import structural


class Part(ApiModel):
    """A part."""

    rules = (Rule("self.a != self.b", "a and b must differ: change one", ".a"),)

    a: str
    """First."""
    b: str = "x"
    """Second,
    over two lines."""


class Whole(ApiModel):
    """A whole."""

    part: Part | None = None
    """An optional part."""
    parts: Annotated[tuple[Part, ...], Field(max_length=3), ListMap("a")] = ()
    """Parts."""
    words: tuple[str, ...] = ("one",)
    """Words, in order."""
    url: (
        Annotated[str, Rule("isURL(self)", "must be a URL"), Effect.NEW_ROUTE] | None
    ) = None
    """A URL."""


class Union(ApiModel):
    """Two alternatives."""

    either: int | str
    """Not structural."""


class Keyless(ApiModel):
    """A list with an optional key field."""

    parts: Annotated[tuple[Part, ...], ListMap("b")] = ()
    """Not structural."""


class Pair(ApiModel):
    """A list of fixed length."""

    pair: tuple[int, str]
    """Not structural."""


def test_a_model_becomes_a_structural_schema() -> None:
    rule = {
        "rule": "self.a != self.b",
        "message": "a and b must differ: change one",
        "fieldPath": ".a",
    }
    part = {
        "type": "object",
        "required": ["a"],
        "properties": {
            "a": {"type": "string", "description": "First."},
            "b": {
                "type": "string",
                "description": "Second, over two lines.",
                "default": "x",
            },
        },
        "x-kubernetes-validations": [rule],
    }
    assert structural(Whole) == {
        "type": "object",
        "description": "A whole.",
        "properties": {
            "part": {**part, "description": "An optional part."},
            "parts": {
                "type": "array",
                "description": "Parts.",
                "maxItems": 3,
                "items": {**part, "description": "A part."},
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["a"],
            },
            "words": {
                "type": "array",
                "description": "Words, in order.",
                "items": {"type": "string"},
                "default": ["one"],
                "x-kubernetes-list-type": "atomic",
            },
            "url": {
                "type": "string",
                "description": "A URL.",
                "x-kubernetes-validations": [
                    {"rule": "isURL(self)", "message": "must be a URL"}
                ],
                "x-tracer-effect": "new route",
            },
        },
    }


@pytest.mark.parametrize("model", [Union, Pair, Keyless])
def test_a_field_without_structural_form_is_rejected(model: type[ApiModel]) -> None:
    with pytest.raises(ValueError, match="no structural form"):
        structural(model)
