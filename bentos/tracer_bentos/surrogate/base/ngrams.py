"""From a text to hashed n-grams: words, pairs of words, characters within words.

Only hashes leave this module, so a bundle holds no words of anybody's traffic. Integer
arithmetic on code points gives the same features on every machine.
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
"""Changes whenever the same text would give other features."""

TokenFeatures = NDArray[np.uint32]
"""Hashed n-grams of one text, repeats included; the lowest bit marks words."""

MAX_CHARACTERS = 8_000
"""Longer texts are cut: a bound on the time of one decision."""
_LONGEST = 5
_WORD = re.compile(r"\w+")
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_SPACE = np.uint64(ord(" "))
_WORD_BIT = np.uint32(1)


def normalize(text: str) -> str:
    """Give a text without differences of case and spacing; equal ones are copies."""
    return " ".join(text[:MAX_CHARACTERS].casefold().split())


def hash_features(text: str) -> TokenFeatures:
    """Give the hashed n-grams of a text, in no order that means anything."""
    plain = normalize(text)
    if not plain:
        return np.empty(0, np.uint32)
    return np.concatenate([_words(plain), _characters(plain)])


def is_word(hashes: TokenFeatures) -> NDArray[np.bool_]:
    """Tell the n-grams of words from those of characters."""
    return (hashes & _WORD_BIT).astype(bool)


def _words(plain: str) -> TokenFeatures:
    words = [word.encode("utf-8", "replace") for word in _WORD.findall(plain)]
    single = [zlib.crc32(word) for word in words]
    pairs = [
        zlib.crc32(second, zlib.crc32(b" ", first))
        for first, second in zip(single, words[1:], strict=False)
    ]
    return np.array(single + pairs, np.uint32) | _WORD_BIT


def _characters(plain: str) -> TokenFeatures:
    padded = f" {plain} ".encode("utf-32-le", "replace")
    codes = np.frombuffer(padded, np.uint32).astype(np.uint64)
    solid = codes != _SPACE
    grams, inside, found = codes, np.ones(len(codes) - 1, bool), []
    for size in range(2, _LONGEST + 1):
        grams = grams[:-1] * _BASE + codes[size - 1 :]
        if size > 2:  # noqa: PLR2004 - from three on there is an inside
            # A space within an n-gram would join two words.
            inside = inside[:-1] & solid[size - 2 : -1]
        found.append(grams[inside])
    return _mixed(np.concatenate(found))


def _mixed(grams: NDArray[np.uint64]) -> TokenFeatures:
    grams = (grams ^ (grams >> _HALF)) * _MIX
    return (grams >> _HALF).astype(np.uint32) & ~_WORD_BIT
