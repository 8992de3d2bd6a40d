"""Finds templates by comparing texts; runs off the request path, on few texts.

Instructions are aligned word by word, so that every place that varies becomes a gap.
In what is asked only a common beginning and end count: all between them is the input.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

from tracer_bentos.tasks.template import Template

__all__ = ["mine_instruction_template", "mine_user_template"]

_WORD: Final = re.compile(r"\S+\s*|\s+")
_LONGEST: Final = 2_000
"""Words of a text that are aligned; a longer one keeps its beginning and end only."""
_ALIKE: Final = 0.5
"""Share of words that two texts of one template have in common, at least."""
_LEAST: Final = 8
"""Texts that must share a template."""
_LEAST_WORDS: Final = 4
"""Words that a template of what is asked must have: fewer may be alike by chance."""
_OPENING: Final = 3
"""Words at the beginning by which texts that are asked are told apart."""

_GAP: Final = "\0"
"""Keeps runs apart that a text had something between."""

Words = list[str]


def mine_instruction_template(texts: Sequence[str]) -> Template | None:
    """Give a template of at least eight of the texts; none when they are not alike."""
    split = [_WORD.findall(text) for text in texts]
    for pivot in split[: len(split) - _LEAST + 1]:
        alike = [words for words in split if _similar(pivot, words)]
        if len(alike) >= _LEAST:
            return _shared_by(alike)
    return None


def mine_user_template(texts: Sequence[str]) -> list[Template]:
    """Give the templates of what is asked, each shared by at least eight texts."""
    openings: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for text in texts:
        openings[tuple(text.split(maxsplit=_OPENING)[:_OPENING])].append(text)
    frames = [_frame(each) for each in openings.values() if len(each) >= _LEAST]
    if not frames:  # no common beginning; perhaps a common end
        frames = [_frame(texts)]
    return [each for each in frames if _words(each) >= _LEAST_WORDS]


def _similar(one: Words, two: Words) -> bool:
    common = set(one) & set(two)
    return len(common) >= _ALIKE * max(len(set(one)), len(set(two)), 1)


def _shared_by(split: Sequence[Words]) -> Template | None:
    texts = ["".join(words) for words in split]
    short = max(map(len, split)) <= _LONGEST
    template = _aligned(split, texts) if short else _frame(texts)
    whole = all(template.match(text) is not None for text in texts)
    enough = template.size >= _ALIKE / 2 * min(map(len, texts))
    return template if whole and enough and len(template.literals) > 1 else None


def _aligned(split: Sequence[Words], texts: Sequence[str]) -> Template:
    """Keep what all texts have in the same order, in runs long enough to be meant."""
    runs = [split[0]]
    for words in split[1:]:
        runs = _common(runs, words)
    return _anchored(["".join(run) for run in runs], texts)


def _common(runs: list[Words], words: Words) -> list[Words]:
    flat = [word for run in runs for word in [*run, _GAP]]
    matcher = SequenceMatcher(None, flat, words, autojunk=False)
    blocks = matcher.get_matching_blocks()
    return [flat[b.a : b.a + b.size] for b in blocks if b.size > 1 or _marks(flat, b.a)]


def _marks(flat: Words, place: int) -> bool:
    """Say whether one word alone is long enough to be no accident."""
    return place < len(flat) and len(flat[place].strip()) > _OPENING


def _anchored(literals: Sequence[str], texts: Sequence[str]) -> Template:
    """Let the template be open at the end where texts do not begin or end alike."""
    inner = [each for each in literals if each]
    if not inner:
        return Template(("", ""))
    first = "" if any(not t.startswith(inner[0]) for t in texts) else inner.pop(0)
    ends = bool(inner) and all(text.endswith(inner[-1]) for text in texts)
    last = inner.pop() if ends else ""
    return Template.from_texts(first, *inner, last)


def _frame(texts: Sequence[str]) -> Template:
    """Give the common beginning and end of texts, in whole words."""
    begin = _shared(texts)
    begin = begin[: max(begin.rfind(" "), begin.rfind("\n")) + 1]
    end = _shared([text[len(begin) :][::-1] for text in texts])[::-1]
    spaces = [place for place in (end.find(" "), end.find("\n")) if place >= 0]
    return Template.from_texts(begin, end[min(spaces) :] if spaces else "")


def _shared(texts: Sequence[str]) -> str:
    low, high = min(texts), max(texts)
    pairs = enumerate(zip(low, high, strict=False))
    return low[: next((n for n, (a, b) in pairs if a != b), len(low))]


def _words(template: Template) -> int:
    return sum(len(literal.split()) for literal in template.literals)
