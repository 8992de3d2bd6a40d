"""A reader finds things: unique names, small folders, tests beside their source."""

import ast
import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from support.shape import modules

ROOT = Path(__file__).parents[2]
FOLDERS = ("operator", "bentos", "devcluster", "examples", "benchmarks")
MODULES = modules(ROOT, FOLDERS)
CALLABLES = [function for module in MODULES for function in module.callables()]
SOURCES = [ROOT / "operator", ROOT / "bentos"]
MOST_MODULES = 15
"""In one folder; more are hard to find one in."""
COMPLEXITY = re.compile(r"noqa:[^#]*\b(C901|PLR0912|PLR0915)\b")


def test_every_public_function_has_a_docstring() -> None:
    missing = [
        function.where
        for function in CALLABLES
        if function.public and not function.documented
    ]
    assert missing == []


def test_every_public_class_has_a_docstring() -> None:
    assert [name for module in MODULES for name in module.undocumented_classes()] == []


def test_every_function_is_typed() -> None:
    assert [function.where for function in CALLABLES if not function.typed] == []


def test_a_public_class_name_exists_once() -> None:
    places = defaultdict(list)
    for module in modules(ROOT, ("operator", "bentos")):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(module.name)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_folder_holds_more_than_fifteen_modules() -> None:
    folders = {path.parent for source in SOURCES for path in source.rglob("*.py")}
    counts = {
        str(folder.relative_to(ROOT)): len(list(folder.glob("*.py")))
        for folder in folders
    }
    crowded = {name: n for name, n in counts.items() if n > MOST_MODULES}
    assert crowded == {}


@pytest.mark.parametrize("folder", sorted((ROOT / "tests/unit").glob("tracer_*")))
def test_unit_tests_lie_where_their_source_lies(folder: Path) -> None:
    source = next(
        root / folder.name for root in SOURCES if (root / folder.name).is_dir()
    )
    tested = {
        path.parent.relative_to(folder)
        for path in folder.rglob("test_*.py")
        if path.parent.name != "golden"
    }
    assert [str(path) for path in sorted(tested) if not (source / path).is_dir()] == []


def test_complexity_is_bounded_without_exceptions() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert lint["mccabe"] == {"max-complexity": 10}
    assert lint["pylint"]["max-branches"] == 12
    assert lint["pylint"]["max-statements"] == 50
    excepted = [
        module.name for module in MODULES if COMPLEXITY.search(module.path.read_text())
    ]
    assert excepted == []
