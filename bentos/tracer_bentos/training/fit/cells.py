"""Readable names of cells, and the words that are typical of each cell.

The words come from texts of users, so they are never written to a bundle.
"""

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from tracer_bentos.surrogate.base.ngrams import normalize

__all__ = ["name_cell", "shorten", "top_terms"]

_LONGEST_NAME = 60
_TERMS = 5
_FEWEST_TEXTS = 3
"""Fewest texts that contain a word: a rarer word does not describe a cell, and can be
the name of a person."""
_WORD = re.compile(r"[^\W\d_][\w'-]+")


def name_cell(label: str) -> str:
    """Return a name for the cell of a label: the label in one line, if it is short."""
    plain = " ".join(label.split()) or "(empty answer)"
    if len(plain) <= _LONGEST_NAME:
        return plain
    # The digest distinguishes labels with the same start.
    digest = hashlib.sha256(label.encode("utf-8", "replace")).hexdigest()[:6]
    return f"{plain[: _LONGEST_NAME - 8]}… {digest}"


def shorten(text: str, characters: int) -> str:
    """Return the start of a text as one line of printable characters."""
    line = " ".join(text[: 4 * characters].split())
    plain = "".join(char if char.isprintable() else "\ufffd" for char in line)
    return plain if len(plain) <= characters else f"{plain[: characters - 1]}…"


def top_terms(texts: Sequence[str], cells: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return for each cell the words that are frequent in it and rare elsewhere.

    Args:
        texts: The redacted texts; copies count once.
        cells: The cell of each text.
    """
    inside, total_counts, sizes = _count_words(texts, cells)
    total = sum(sizes.values())
    found = {}
    for cell, words in inside.items():
        size = sizes[cell]
        weights = {
            word: _weight(count, size, total_counts[word] - count, total - size)
            for word, count in words.items()
            if count >= _FEWEST_TEXTS
        }
        typical = sorted((-w, word) for word, w in weights.items() if w > 0)
        found[cell] = tuple(word for _, word in typical[:_TERMS])
    return found


def _count_words(
    texts: Sequence[str], cells: Sequence[str]
) -> tuple[dict[str, Counter[str]], Counter[str], Counter[str]]:
    inside: dict[str, Counter[str]] = defaultdict(Counter)
    total_counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for text, cell in dict.fromkeys(zip(map(normalize, texts), cells, strict=True)):
        words = set(_WORD.findall(text))
        inside[cell].update(words)
        total_counts.update(words)
        sizes[cell] += 1
    return inside, total_counts, sizes


def _weight(count: int, size: int, other_tasks: int, rest: int) -> float:
    """Return how typical a word is of a cell; below 0 if it is rarer in the cell."""
    here, there = (count + 0.5) / (size + 1), (other_tasks + 0.5) / (rest + 1)
    return (here - there) * math.log(here / there) if here > there else -1.0
