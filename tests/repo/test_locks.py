"""The locks alone decide what is installed."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def _distribution(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower()


def _imported_modules(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found


def test_no_setting_of_uv_replaces_a_pin_of_a_lock() -> None:
    # An override wins over a lock too: a newer release then has no hash there, and
    # every new machine fails until somebody locks again.
    # Without the table at all uv would take that of a folder above ours.
    settings = _pyproject()["tool"]["uv"]

    assert not set(settings) & {"override-dependencies", "constraint-dependencies"}


def test_every_requirement_of_the_operator_is_imported_and_pinned() -> None:
    required = set(
        map(_distribution, _pyproject()["project"]["optional-dependencies"]["operator"])
    )
    providers = packages_distributions()
    imported = {
        name.lower()
        for module in _imported_modules(ROOT / "operator")
        for name in providers.get(module, ())
    }
    lock = (ROOT / "requirements" / "operator.lock").read_text()
    pinned = set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))

    assert required - imported == set()
    assert required - pinned == set()


@pytest.mark.parametrize("image", ["operator", "runtime"])
def test_the_images_contain_no_command_line(image: str) -> None:
    lock = (ROOT / "requirements" / f"{image}.lock").read_text()
    packages = [ROOT / "operator/tracer_router", ROOT / "operator/tracer_core"]
    packages.append(ROOT / "bentos")

    assert not re.findall(r"^(typer|shellingham)==", lock, re.MULTILINE)
    assert not {"typer", "tracer_cli"} & set().union(*map(_imported_modules, packages))
