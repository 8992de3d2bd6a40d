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


def paths_of(page: Path) -> list[str]:
    spans = re.findall(r"`([\w./-]+)`", page.read_text())
    return [span for span in spans if "/" in span and not span.startswith("/")]


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


def test_the_glossary_defines_each_word_once_and_in_plain_words() -> None:
    rows = re.findall(
        r"^\| ([^|]+) \| ([^|]+) \|$", (PAGES / "glossary.md").read_text(), re.M
    )
    terms = [term for term, _ in rows[2:]]
    assert len(terms) > 40
    assert len({term.lower() for term in terms}) == len(terms)
