"""Find templates by comparing texts, outside of the request path, on few texts.

Instructions are aligned word by word, so that every variable part becomes a gap. In
inputs only a common beginning and end count: everything between them is the input.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

from tracer_bentos.tasks.template import Template

__all__ = ["mine_instruction_template", "mine_user_template"]

_WORD: Final = re.compile(r"\S+\s*|\s+")
MAX_ALIGNED_WORDS: Final = 2_000
"""Maximum number of words for an alignment; in a longer text only a common beginning
and end count."""
MIN_COMMON_SHARE: Final = 0.5
"""Minimum share of words that two texts of one template have in common."""
MIN_TEXTS: Final = 8
"""Minimum number of texts that share a template."""
MIN_WORDS: Final = 4
"""Minimum number of words in a template of inputs: fewer can be equal by chance."""
OPENING_WORDS: Final = 3
"""Number of words at the beginning by which inputs are grouped."""

MIN_WORD_CHARACTERS: Final = 3
"""A single word with more characters is not equal by chance."""

_GAP: Final = "\0"
"""Separates runs of words between which a text contains other words."""

Words = list[str]


def mine_instruction_template(texts: Sequence[str]) -> Template | None:
    """Return a template of at least `MIN_TEXTS` texts; none if they are not similar."""
    split = [_WORD.findall(text) for text in texts]
    for pivot in split[: len(split) - MIN_TEXTS + 1]:
        similar = [words for words in split if _is_similar(pivot, words)]
        if len(similar) >= MIN_TEXTS:
            return _shared_by(similar)
    return None


def mine_user_template(texts: Sequence[str]) -> list[Template]:
    """Return the templates of inputs, each shared by at least `MIN_TEXTS` texts."""
    openings: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for text in texts:
        opening = text.split(maxsplit=OPENING_WORDS)[:OPENING_WORDS]
        openings[tuple(opening)].append(text)
    frames = [_frame(group) for group in openings.values() if len(group) >= MIN_TEXTS]
    if not frames:  # no common beginning; the texts can have a common end
        frames = [_frame(texts)]
    return [frame for frame in frames if _count_words(frame) >= MIN_WORDS]


def _is_similar(one: Words, two: Words) -> bool:
    common = set(one) & set(two)
    return len(common) >= MIN_COMMON_SHARE * max(len(set(one)), len(set(two)), 1)


def _shared_by(split: Sequence[Words]) -> Template | None:
    texts = ["".join(words) for words in split]
    can_align = max(map(len, split)) <= MAX_ALIGNED_WORDS
    template = _align(split, texts) if can_align else _frame(texts)
    matches = all(template.match(text) is not None for text in texts)
    is_large = template.size >= MIN_COMMON_SHARE / 2 * min(map(len, texts))
    return template if matches and is_large and len(template.literals) > 1 else None


def _align(split: Sequence[Words], texts: Sequence[str]) -> Template:
    """Return the template of what all texts contain in the same order.

    Runs that can be equal by chance are left out.
    """
    runs = [split[0]]
    for words in split[1:]:
        runs = _common(runs, words)
    return _anchored(["".join(run) for run in runs], texts)


def _common(runs: list[Words], words: Words) -> list[Words]:
    flat = [word for run in runs for word in [*run, _GAP]]
    matcher = SequenceMatcher(None, flat, words, autojunk=False)
    blocks = matcher.get_matching_blocks()
    return [
        flat[block.a : block.a + block.size]
        for block in blocks
        if block.size > 1 or _is_long_word(flat, block.a)
    ]


def _is_long_word(flat: Words, index: int) -> bool:
    """Return whether one word is long enough not to be equal by chance."""
    return index < len(flat) and len(flat[index].strip()) > MIN_WORD_CHARACTERS


def _anchored(literals: Sequence[str], texts: Sequence[str]) -> Template:
    """Return a template that is open at an end at which the texts differ."""
    inner = [literal for literal in literals if literal]
    if not inner:
        return Template(("", ""))
    first = "" if any(not t.startswith(inner[0]) for t in texts) else inner.pop(0)
    ends = bool(inner) and all(text.endswith(inner[-1]) for text in texts)
    last = inner.pop() if ends else ""
    return Template.from_texts(first, *inner, last)


def _frame(texts: Sequence[str]) -> Template:
    """Return the common beginning and end of texts, in whole words."""
    begin = _common_prefix(texts)
    begin = begin[: max(begin.rfind(" "), begin.rfind("\n")) + 1]
    end = _common_prefix([text[len(begin) :][::-1] for text in texts])[::-1]
    spaces = [index for index in (end.find(" "), end.find("\n")) if index >= 0]
    return Template.from_texts(begin, end[min(spaces) :] if spaces else "")


def _common_prefix(texts: Sequence[str]) -> str:
    low, high = min(texts), max(texts)
    pairs = enumerate(zip(low, high, strict=False))
    return low[: next((n for n, (a, b) in pairs if a != b), len(low))]


def _count_words(template: Template) -> int:
    return sum(len(literal.split()) for literal in template.literals)
