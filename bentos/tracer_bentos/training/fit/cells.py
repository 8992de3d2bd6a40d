"""Cells for people: a name that can be read, and the words that mark a cell out.

Words come from people's texts, so none of this is ever written into a bundle.
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
"""A word of fewer different texts says nothing of a cell, and may name somebody."""
_WORD = re.compile(r"[^\W\d_][\w'-]+")


def name_cell(label: str) -> str:
    """Give a name for the cell of a label: itself where it is short, in one line."""
    plain = " ".join(label.split()) or "(empty answer)"
    if len(plain) <= _LONGEST_NAME:
        return plain
    # The digest keeps apart what begins alike.
    digest = hashlib.sha256(label.encode("utf-8", "replace")).hexdigest()[:6]
    return f"{plain[: _LONGEST_NAME - 8]}… {digest}"


def shorten(text: str, characters: int) -> str:
    """Give the beginning of a text in one line of printable characters."""
    line = " ".join(text[: 4 * characters].split())
    plain = "".join(each if each.isprintable() else "\ufffd" for each in line)
    return plain if len(plain) <= characters else f"{plain[: characters - 1]}…"


def top_terms(texts: Sequence[str], cells: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Give for each cell the words that are frequent in it and rare elsewhere.

    Args:
        texts: The texts, redacted; copies count once.
        cells: The cell of each.
    """
    inside, every, sizes = _counted(texts, cells)
    total = sum(sizes.values())
    found = {}
    for cell, words in inside.items():
        size = sizes[cell]
        weights = {
            word: _weight(count, size, every[word] - count, total - size)
            for word, count in words.items()
            if count >= _FEWEST_TEXTS
        }
        marking = sorted((-w, word) for word, w in weights.items() if w > 0)
        found[cell] = tuple(word for _, word in marking[:_TERMS])
    return found


def _counted(
    texts: Sequence[str], cells: Sequence[str]
) -> tuple[dict[str, Counter[str]], Counter[str], Counter[str]]:
    inside: dict[str, Counter[str]] = defaultdict(Counter)
    every: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for text, cell in dict.fromkeys(zip(map(normalize, texts), cells, strict=True)):
        words = set(_WORD.findall(text))
        inside[cell].update(words)
        every.update(words)
        sizes[cell] += 1
    return inside, every, sizes


def _weight(count: int, size: int, elsewhere: int, rest: int) -> float:
    """Give how much a word tells a cell from the rest; below 0 where it is rarer."""
    here, there = (count + 0.5) / (size + 1), (elsewhere + 0.5) / (rest + 1)
    return (here - there) * math.log(here / there) if here > there else -1.0
