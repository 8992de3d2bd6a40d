"""Generates any number of traces from labelled sets: variations of the questions.

Words are dropped, misspelled, or taken from another question of the same label, so
nearly all rows differ. A tenth are popular questions without variation, some rows are
in sessions, and some answers have another label, as errors of a teacher do.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import zstandard

from benchmarks.certificates.traces import read_labelled

__all__ = ["write_traces"]

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_SECONDS_APART = 20
_SETS = (("banking77", 77), ("clinc150_oos", 100))
"""Number of labels of each set; together fewer than the limit of an attempt."""
_GREETINGS = ("hi", "hello", "please", "hey there", "good morning", "quick question")
_ENDS = ("thanks", "please", "asap", "thank you", "what do i do", "help")
_POPULAR, _REPEATED = 500, 0.10
_CHANGED, _MISSPELT = 0.15, 0.04
_POLITE = 0.25
_IN_SESSION, _WRONG = 0.3, 0.03


@dataclass(frozen=True, slots=True)
class _Source:
    questions: list[tuple[list[str], str]]
    """The words and the label of each question."""
    words: dict[str, list[str]]
    """All words of the questions of a label."""


def write_traces(path: Path, rows: int, seed: int) -> None:
    """Write traces to a new .jsonl.zst file, the oldest first."""
    source = _read()
    with zstandard.open(path, "wt") as lines:
        for trace in _traces(source, rows, random.Random(seed)):  # noqa: S311 - seeded
            lines.write(json.dumps(trace) + "\n")


def _read() -> _Source:
    questions: list[tuple[list[str], str]] = []
    words: dict[str, list[str]] = {}
    for name, most in _SETS:
        held = read_labelled(name, vectors=False)
        wanted = set(sorted(set(held.labels.tolist()) - {"oos"})[:most])
        for text, label in zip(held.texts.tolist(), held.labels.tolist(), strict=True):
            if label in wanted:
                questions.append((text.split(), label))
                words.setdefault(label, []).extend(text.split())
    return _Source(questions, words)


def _traces(
    source: _Source, rows: int, chance: random.Random
) -> Iterator[dict[str, object]]:
    popular = chance.sample(source.questions, _POPULAR)
    labels = sorted(source.words)
    session, left = 0, 0
    for number in range(rows):
        if not left:
            several = chance.random() < _IN_SESSION
            session, left = session + 1, chance.randint(2, 4) if several else 1
        left -= 1
        words, label = _asked(source, popular, chance)
        said = chance.choice(labels) if chance.random() < _WRONG else label
        yield {
            "input": " ".join(words),
            "teacher": said,
            "time": (_BEGIN + timedelta(seconds=number * _SECONDS_APART)).isoformat(),
            "session": f"session-{session}",
            "model": "gpt-test",
        }


def _asked(
    source: _Source, popular: list[tuple[list[str], str]], chance: random.Random
) -> tuple[list[str], str]:
    if chance.random() < _REPEATED:
        # The first ones are much more frequent than the last ones.
        return popular[int(_POPULAR * chance.random() ** 3)]
    words, label = chance.choice(source.questions)
    varied = [_varied(word, source.words[label], chance) for word in words]
    greeting = [chance.choice(_GREETINGS)] if chance.random() < _POLITE else []
    end = [chance.choice(_ENDS)] if chance.random() < _POLITE else []
    return [*greeting, *filter(None, varied), *end], label


def _varied(word: str, others: list[str], chance: random.Random) -> str:
    drawn = chance.random()
    if drawn < _CHANGED / 2:
        return ""
    if drawn < _CHANGED:
        return chance.choice(others)
    if drawn < _CHANGED + _MISSPELT and len(word) > 3:  # noqa: PLR2004 - to stay readable
        at = chance.randrange(len(word) - 1)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word
