"""Words that hide their topic: only the matching encoder can predict it.

No two rows share a word or a part of one, so what counts words learns nothing.
"""

import random
import string
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["SIZE", "TOPICS", "hidden_texts", "topic_of", "vector_of", "vectors_of"]

TOPICS = ("alpha", "beta", "gamma", "delta")
SIZE = 48
_CENTRES = np.random.default_rng(7).normal(size=(len(TOPICS), SIZE))


def hidden_texts(count: int, seed: int) -> list[str]:
    """Return texts of one made-up word."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible world
    return ["".join(chance.choices(string.ascii_lowercase, k=12)) for _ in range(count)]


def topic_of(text: str) -> str:
    """Return the topic of a word."""
    return TOPICS[zlib.crc32(text.casefold().encode()) % len(TOPICS)]


def vector_of(text: str) -> NDArray[np.float32]:
    """Return the embedding of a text: the sum over its words, with noise."""
    total = np.zeros(SIZE)
    for word in text.casefold().split():
        seed = zlib.crc32(word.encode())
        noise = np.random.default_rng(seed).normal(size=SIZE)
        total += _CENTRES[TOPICS.index(topic_of(word))] + 0.5 * noise
    return total.astype(np.float32)


def vectors_of(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the embeddings of texts, shape (n, SIZE)."""
    return np.array([vector_of(text) for text in texts])
