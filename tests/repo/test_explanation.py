"""The explanation pages name what exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs/explanation"
ROOTS = [
    ROOT,
    ROOT / "operator",
    ROOT / "bentos",
    ROOT / "operator/tracer_router",
    ROOT / "bentos/tracer_bentos/serving",
    ROOT / "bentos/tracer_bentos/training",
]
"""What the sections of the pages take paths from."""
MOST_FILES = {
    "Add a rollout guard": 6,
    "Add a field to the CRD": 3,
    "Add an OpenAI-like protocol path": 4,
    "Add an embedder": 4,
}


def paths_of(page: Path) -> list[str]:
    spans = re.findall(r"`([\w./-]+)`", page.read_text())
    return [span for span in spans if "/" in span and not span.startswith("/")]


def changes() -> dict[str, list[tuple[str, str]]]:
    """Return the file and the declaration of each row, by the title of the change."""
    sections = (PAGES / "extending.md").read_text().split("\n## ")[1:]
    return {
        section.split("\n", 1)[0]: re.findall(
            r"^\| `([^`]+)` \| `(\w+)` \|", section, re.MULTILINE
        )
        for section in sections
    }


@pytest.mark.parametrize("name", ["architecture.md", "extending.md"])
def test_every_path_on_the_page_exists(name: str) -> None:
    paths = paths_of(PAGES / name)
    assert len(paths) > 10
    missing = [
        path for path in paths if not any((root / path).exists() for root in ROOTS)
    ]
    assert missing == []


def test_the_architecture_has_two_pages() -> None:
    words = len((PAGES / "architecture.md").read_text().split())
    assert words < 1_200


def test_the_glossary_defines_each_term_once() -> None:
    page = (PAGES / "glossary.md").read_text()
    terms = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", page, re.MULTILINE)[2:]
    assert len(terms) > 40
    assert len({term.lower() for term in terms}) == len(terms)


@pytest.mark.parametrize(("title", "most"), MOST_FILES.items())
def test_a_common_change_touches_few_files(title: str, most: int) -> None:
    rows = changes()[title]
    assert 0 < len(rows) <= most
    for path, declaration in rows:
        declared = rf"^\s*(class|def|async def) {declaration}\b|^{declaration}\b"
        assert re.search(declared, (ROOT / path).read_text(), re.MULTILINE), path
