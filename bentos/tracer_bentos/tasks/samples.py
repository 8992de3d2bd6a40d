"""A few texts of each task, kept in memory until they have been compared."""

from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from typing import Final

from tracer_bentos.protocols.adapter import TextSegment

__all__ = ["SampleBuffer"]

MAX_INSTRUCTION_SAMPLES: Final = 12
"""Different instructions within one frame before they are compared."""
MAX_USER_SAMPLES: Final = 32
"""Different texts asked below the same instructions before they are compared."""
CHARACTERS: Final = 4_000_000
"""All samples together; the oldest go first."""
TRIES: Final = 4
"""How often instructions are compared in vain before they are left alone."""

Texts = dict[str, tuple[str, ...]]
"""By what tells samples apart, the texts of one, passage by passage."""


class SampleBuffer:
    """The samples of one process."""

    def __init__(self) -> None:
        self._instructions: OrderedDict[str, Texts] = OrderedDict()
        self._asked: OrderedDict[str, Texts] = OrderedDict()
        self._where: dict[str, tuple[str, ...]] = {}
        self._tries: Counter[str] = Counter()
        self._left = CHARACTERS

    def add(self, frame: str, task: str, passages: Sequence[TextSegment]) -> None:
        """Keep what a request adds to the samples, if it adds anything."""
        fixed = [each for each in passages if each.fixed]
        if fixed and self._tries[frame] < TRIES:
            self._keep(self._instructions, frame, MAX_INSTRUCTION_SAMPLES, task, fixed)
        asked = [each for each in passages if not each.fixed]
        self._keep(self._asked, task, MAX_USER_SAMPLES, asked[0].text, asked)

    def instruction_samples(self) -> Iterator[tuple[str, dict[str, list[str]]]]:
        """Give the frames whose instructions can be compared, with their texts."""
        return self._full(self._instructions, MAX_INSTRUCTION_SAMPLES)

    def user_samples(self) -> Iterator[tuple[str, dict[str, list[str]]]]:
        """Give the tasks whose texts can be compared, with their texts."""
        return self._full(self._asked, MAX_USER_SAMPLES)

    def discard(self, key: str) -> None:
        """Drop the samples of a frame or of a task."""
        self._tries[key] += key in self._instructions
        for kept in (self._instructions, self._asked):
            self._drop(kept, key)

    def _keep(
        self,
        kept: OrderedDict[str, Texts],
        key: str,
        most: int,
        mark: str,
        passages: Sequence[TextSegment],
    ) -> None:
        texts = kept.setdefault(key, {})
        if mark in texts or len(texts) >= most:
            return
        texts[mark] = tuple(each.text for each in passages)
        self._where[key] = tuple(each.where for each in passages)
        self._left -= sum(map(len, texts[mark]))
        while self._left < 0:
            oldest = self._instructions or self._asked
            self._drop(oldest, next(iter(oldest)))

    def _drop(self, kept: OrderedDict[str, Texts], key: str) -> None:
        texts = kept.pop(key, {})
        self._left += sum(len(each) for text in texts.values() for each in text)
        self._where.pop(key, None)

    def _full(
        self, kept: OrderedDict[str, Texts], most: int
    ) -> Iterator[tuple[str, dict[str, list[str]]]]:
        for key in [key for key, texts in kept.items() if len(texts) >= most]:
            columns = zip(*kept[key].values(), strict=True)
            named = zip(self._where[key], columns, strict=True)
            yield key, {where: list(texts) for where, texts in named}
