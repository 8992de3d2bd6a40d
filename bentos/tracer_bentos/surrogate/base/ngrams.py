"""Hashed n-grams of a text: words, pairs of words, and characters within words.

This module returns only hashes, so a bundle contains no words of the traffic. Integer
arithmetic on code points computes the same features on every machine.
"""

import re
import zlib

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FEATURES_VERSION",
    "MAX_CHARACTERS",
    "TokenFeatures",
    "hash_features",
    "is_word",
    "normalize",
]

FEATURES_VERSION = 1
"""Increase it with every change that gives a text other features."""

TokenFeatures = NDArray[np.uint32]
"""Hashed n-grams of one text, including repetitions; the lowest bit marks words."""

MAX_CHARACTERS = 8_000
"""Longer texts are truncated, which limits the time of one decision."""
_MAX_NGRAM = 5
"""Characters in the longest n-gram."""
_WORD = re.compile(r"\w+")
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_SPACE = np.uint64(ord(" "))
_WORD_BIT = np.uint32(1)


def normalize(text: str) -> str:
    """Return a text without differences of case and spacing; copies become equal."""
    return " ".join(text[:MAX_CHARACTERS].casefold().split())


def hash_features(text: str) -> TokenFeatures:
    """Return the hashed n-grams of a text; their order has no meaning."""
    normalized = normalize(text)
    if not normalized:
        return np.empty(0, np.uint32)
    return np.concatenate([_words(normalized), _characters(normalized)])


def is_word(hashes: TokenFeatures) -> NDArray[np.bool_]:
    """Return, for each n-gram, whether it is of words rather than characters."""
    return (hashes & _WORD_BIT).astype(bool)


def _words(text: str) -> TokenFeatures:
    words = [word.encode("utf-8", "replace") for word in _WORD.findall(text)]
    single = [zlib.crc32(word) for word in words]
    pairs = [
        zlib.crc32(second, zlib.crc32(b" ", first))
        for first, second in zip(single, words[1:], strict=False)
    ]
    return np.array(single + pairs, np.uint32) | _WORD_BIT


def _characters(text: str) -> TokenFeatures:
    padded = f" {text} ".encode("utf-32-le", "replace")
    codes = np.frombuffer(padded, np.uint32).astype(np.uint64)
    not_space = codes != _SPACE
    grams, within_word, kept = codes, np.ones(len(codes) - 1, bool), []
    for size in range(2, _MAX_NGRAM + 1):
        grams = grams[:-1] * _BASE + codes[size - 1 :]
        if size > 2:  # noqa: PLR2004 - n-grams of two have no inner characters
            # A space within an n-gram would join two words.
            within_word = within_word[:-1] & not_space[size - 2 : -1]
        kept.append(grams[within_word])
    return _mix(np.concatenate(kept))


def _mix(grams: NDArray[np.uint64]) -> TokenFeatures:
    grams = (grams ^ (grams >> _HALF)) * _MIX
    return (grams >> _HALF).astype(np.uint32) & ~_WORD_BIT
