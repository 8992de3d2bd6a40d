"""operator/ and bentos/ are folders, never packages: `operator` is in the stdlib."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", ["operator", "bentos", "bentos/router", "tests"])
def test_a_folder_is_no_package(folder: str) -> None:
    assert not (ROOT / folder / "__init__.py").exists()


@pytest.mark.parametrize("inserted", [".", "operator", "bentos"])
def test_the_stdlib_operator_wins_in_a_clean_interpreter(inserted: str) -> None:
    # Where a .pth file imports `operator` early the clash hides; -I -S shows it.
    probe = (
        f"import sys; sys.path.insert(0, {inserted!r}); import collections, operator;"
        " print(operator.__file__)"
    )
    command = [sys.executable, "-I", "-S", "-c", probe]
    found = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert str(ROOT) not in found.stdout


def test_no_module_of_ours_is_named_like_one_of_the_standard_library() -> None:
    ours = [
        path.relative_to(ROOT)
        for package in ("operator/tracer_router", "bentos/tracer_bentos", "devcluster")
        for path in (ROOT / package).rglob("*.py")
    ]
    private = {"__init__", "__main__"}
    clashes = [
        str(path)
        for path in ours
        if path.stem in sys.stdlib_module_names and path.stem not in private
    ]
    assert clashes == []


def test_both_packages_carry_their_types() -> None:
    for package in ("operator/tracer_router", "bentos/tracer_bentos"):
        assert (ROOT / package / "py.typed").exists()


def test_decisions_are_numbered_once_and_bear_their_number() -> None:
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert numbers == list(range(1, len(numbers) + 1))
    titles = [page.read_text().split(".", 1)[0] for page in pages]
    assert titles == [f"# {number}" for number in numbers]
