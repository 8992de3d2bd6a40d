"""No field of the spec is accepted and then ignored."""

import ast
from pathlib import Path

from pydantic.alias_generators import to_snake

from support.shape import modules
from tracer_core.contracts import runtime_config
from tracer_core.contracts.runtime_config import ConfigSection
from tracer_router.api import TracerRouter
from tracer_router.api.crd.reference import field_effects

ROOT = Path(__file__).parents[2]
DUMPED = {"resources.", "training.resources."}
"""Sections that are passed on completely, without the names of their fields."""


def config_fields() -> set[str]:
    """Return the names of all fields of the runtime configuration."""
    sections = [
        model
        for model in vars(runtime_config).values()
        if isinstance(model, type) and issubclass(model, ConfigSection)
    ]
    return {name for section in sections for name in section.model_fields}


def attributes_read_in(package: str, excluded: str) -> set[str]:
    """Return the attributes that the modules of a package read."""
    return {
        node.attr
        for module in modules(ROOT, (package,))
        if not module.name.startswith(f"{package}/{excluded}")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
    }


def test_every_field_of_the_runtime_configuration_is_read_by_the_pods() -> None:
    read = attributes_read_in("bentos/tracer_bentos", "none/")
    assert config_fields() - read - {"version"} == set()


def test_every_field_of_the_spec_is_read_by_the_operator() -> None:
    read = attributes_read_in("operator/tracer_router", "api/")
    copied = {name.removesuffix("_seconds") for name in config_fields()}
    ignored = [
        path
        for path in field_effects(TracerRouter)
        if to_snake(path.rpartition(".")[2]) not in read | copied
        and not path.startswith(tuple(DUMPED))
    ]
    assert ignored == []
