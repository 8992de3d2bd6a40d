"""No field of the spec is accepted and then ignored."""

import ast
from pathlib import Path

from pydantic.alias_generators import to_snake

from support.shape import modules
from tracer_router.api import TracerRouter
from tracer_router.api.crd.reference import field_effects

ROOT = Path(__file__).parents[2]
DUMPED = {"teacher.prices.", "resources.", "training.resources."}
"""Sections that are handed on as a whole, without naming their fields."""


def test_every_field_of_the_spec_is_read_by_the_operator() -> None:
    package = "operator/tracer_router"
    readers = [
        module
        for module in modules(ROOT, (package,))
        if not module.name.startswith(f"{package}/api/")
    ]
    read = {
        node.attr
        for module in readers
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
    }
    ignored = [
        path
        for path in field_effects(TracerRouter)
        if to_snake(path.rpartition(".")[2]) not in read
        and not path.startswith(tuple(DUMPED))
    ]
    assert ignored == []
