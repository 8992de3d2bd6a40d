"""What the demo's customers ask, in which order, and what is held back for the end."""

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
    """Sent only after promotion: nobody has trained, certified or audited on them."""
    labels: tuple[str, ...]
    """All intents, as the system prompt lists them."""

    def endless(self) -> Iterator[Recording]:
        """Give the traffic; texts repeat only when all have been sent."""
        return chain.from_iterable(repeat(self.traffic))


def prepare_questions(held_back: int = HELD_BACK, seed: int = _SEED) -> Questions:
    """Shuffle all recordings and hold some of them back."""
    everything = list(read_recordings().values())
    random.Random(seed).shuffle(everything)  # noqa: S311 - an order, not a secret
    labels = tuple(sorted({each.label for each in everything}))
    return Questions(
        tuple(everything[held_back:]), tuple(everything[:held_back]), labels
    )


def system_prompt(labels: tuple[str, ...]) -> str:
    """Give the product's prompt: one decision, a closed set of answers."""
    return (
        "You route customer messages of a bank. Answer with exactly one of these"
        f" intents and nothing else: {', '.join(labels)}."
    )
