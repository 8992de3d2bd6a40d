"""The shape budget: what is short stays readable."""

from pathlib import Path
from statistics import median

from support.shape import modules

ROOT = Path(__file__).parents[2]
FOLDERS = ("operator", "bentos", "devcluster", "examples", "benchmarks")
MODULES = modules(ROOT, FOLDERS)
CALLABLES = [each for module in MODULES for each in module.callables()]


def test_no_module_is_longer_than_three_hundred_lines() -> None:
    long = [f"{each.name}: {each.lines}" for each in MODULES if each.lines > 300]
    assert long == []


def test_the_median_module_has_at_most_one_hundred_and_fifty_lines() -> None:
    assert median(each.lines for each in MODULES) <= 150


def test_no_function_body_is_longer_than_forty_lines_without_a_reason() -> None:
    long = [
        f"{each.where}: {each.lines}"
        for each in CALLABLES
        if each.lines > 40 and not each.reason
    ]
    assert long == []


def test_the_median_function_body_has_at_most_six_lines() -> None:
    assert median(each.lines for each in CALLABLES) <= 6


def test_every_public_function_says_what_it_gives() -> None:
    silent = [each.where for each in CALLABLES if each.public and not each.documented]
    assert silent == []


def test_every_public_class_says_what_it_is() -> None:
    assert [name for each in MODULES for name in each.undocumented_classes()] == []


def test_every_function_is_typed() -> None:
    assert [each.where for each in CALLABLES if not each.typed] == []
