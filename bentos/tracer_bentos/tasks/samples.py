"""Store a few texts of each task in memory until they are compared."""

from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from typing import Final

from tracer_bentos.protocols.adapter import TextSegment

__all__ = ["SampleBuffer"]

MAX_INSTRUCTION_SAMPLES: Final = 12
"""Different instructions within one frame that are collected for a comparison."""
MAX_USER_SAMPLES: Final = 32
"""Different inputs below the same instructions that are collected for a comparison."""
MAX_CHARACTERS: Final = 4_000_000
"""Maximum size of all samples; the oldest are removed first."""
MAX_COMPARISONS: Final = 4
"""Comparisons of the instructions of one frame without a result before it is
ignored."""

Texts = dict[str, tuple[str, ...]]
"""The texts of each sample, one for each segment, by what distinguishes samples."""


class SampleBuffer:
    """The samples of one process."""

    def __init__(self) -> None:
        self._instructions: OrderedDict[str, Texts] = OrderedDict()
        self._inputs: OrderedDict[str, Texts] = OrderedDict()
        self._positions: dict[str, tuple[str, ...]] = {}
        self._comparisons: Counter[str] = Counter()
        self._free_characters = MAX_CHARACTERS

    def add(self, frame: str, task: str, segments: Sequence[TextSegment]) -> None:
        """Add the texts of a request that differ from the samples.

        Args:
            frame: Digest of everything but the texts.
            task: Fingerprint of the task.
            segments: The text segments of the request.
        """
        fixed = [segment for segment in segments if segment.fixed]
        if fixed and self._comparisons[frame] < MAX_COMPARISONS:
            self._add(self._instructions, frame, MAX_INSTRUCTION_SAMPLES, task, fixed)
        inputs = [segment for segment in segments if not segment.fixed]
        self._add(self._inputs, task, MAX_USER_SAMPLES, inputs[0].text, inputs)

    def instruction_samples(self) -> Iterator[tuple[str, dict[str, list[str]]]]:
        """Yield the frames with enough different instructions, with their texts."""
        return self._complete(self._instructions, MAX_INSTRUCTION_SAMPLES)

    def user_samples(self) -> Iterator[tuple[str, dict[str, list[str]]]]:
        """Yield the tasks with enough different inputs, with their texts."""
        return self._complete(self._inputs, MAX_USER_SAMPLES)

    def discard(self, key: str) -> None:
        """Remove the samples of a frame or of a task."""
        self._comparisons[key] += key in self._instructions
        for samples in (self._instructions, self._inputs):
            self._remove(samples, key)

    def _add(
        self,
        samples: OrderedDict[str, Texts],
        key: str,
        limit: int,
        identity: str,
        segments: Sequence[TextSegment],
    ) -> None:
        texts = samples.setdefault(key, {})
        if identity in texts or len(texts) >= limit:
            return
        texts[identity] = tuple(segment.text for segment in segments)
        self._positions[key] = tuple(segment.position for segment in segments)
        self._free_characters -= sum(map(len, texts[identity]))
        while self._free_characters < 0:
            oldest = self._instructions or self._inputs
            self._remove(oldest, next(iter(oldest)))

    def _remove(self, samples: OrderedDict[str, Texts], key: str) -> None:
        removed = samples.pop(key, {})
        self._free_characters += sum(
            len(text) for texts in removed.values() for text in texts
        )
        self._positions.pop(key, None)

    def _complete(
        self, samples: OrderedDict[str, Texts], limit: int
    ) -> Iterator[tuple[str, dict[str, list[str]]]]:
        for key in [key for key, texts in samples.items() if len(texts) >= limit]:
            columns = zip(*samples[key].values(), strict=True)
            named = zip(self._positions[key], columns, strict=True)
            yield key, {position: list(texts) for position, texts in named}
