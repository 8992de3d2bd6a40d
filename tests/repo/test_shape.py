"""Every public name is documented and typed; no folder is crowded; names are unique."""

from pathlib import Path

from support.shape import modules

ROOT = Path(__file__).parents[2]
FOLDERS = ("operator", "bentos", "devcluster", "examples", "benchmarks")
MODULES = modules(ROOT, FOLDERS)
CALLABLES = [each for module in MODULES for each in module.callables()]


def test_every_public_function_says_what_it_gives() -> None:
    silent = [each.where for each in CALLABLES if each.public and not each.documented]
    assert silent == []


def test_every_public_class_says_what_it_is() -> None:
    assert [name for each in MODULES for name in each.undocumented_classes()] == []


def test_every_function_is_typed() -> None:
    assert [each.where for each in CALLABLES if not each.typed] == []
