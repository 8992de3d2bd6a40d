"""The questions of the demo, their order, and the questions held back for the end."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat

from examples.recorded_teacher.recordings import Recording, read_recordings

__all__ = ["HELD_BACK", "Questions", "prepare_questions", "system_prompt"]

HELD_BACK = 1500
_SEED = 20


@dataclass(frozen=True, slots=True)
class Questions:
    """The recorded questions, split once at random."""

    traffic: tuple[Recording, ...]
    """Sent before and during the rollout, in this order."""
    held_back: tuple[Recording, ...]
    """Sent only after promotion; not used for training, certification, or audits."""
    labels: tuple[str, ...]
    """All intents, as the system prompt lists them."""

    def endless(self) -> Iterator[Recording]:
        """Iterate over the traffic; texts repeat only after all were sent."""
        return chain.from_iterable(repeat(self.traffic))


def prepare_questions(held_back: int = HELD_BACK, seed: int = _SEED) -> Questions:
    """Shuffle all recordings and hold back some of them."""
    recordings = list(read_recordings().values())
    random.Random(seed).shuffle(recordings)  # noqa: S311 - an order, not a secret
    labels = tuple(sorted({recording.label for recording in recordings}))
    return Questions(
        tuple(recordings[held_back:]), tuple(recordings[:held_back]), labels
    )


def system_prompt(labels: tuple[str, ...]) -> str:
    """Return the system prompt: one decision with a closed set of answers."""
    return (
        "You route customer messages of a bank. Answer with exactly one of these"
        f" intents and nothing else: {', '.join(labels)}."
    )
