"""A text's tokens, word by word where that gives the same.

Tokenizers of the Llama kind replace each space by a mark that tokens have at their
beginning only, so no merge crosses the beginning of a word: a text's tokens are those
of its words. Words come again and again, and looking one up takes a tenth of the time.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import chain
from typing import Any, Final, Self

from tokenizers import Tokenizer
from typing_extensions import override

__all__ = ["TokenizerCache"]

_MARK: Final = "\u2581"
_NORMALISER: Final = {
    "type": "Sequence",
    "normalizers": [
        {"type": "Prepend", "prepend": _MARK},
        {"type": "Replace", "pattern": {"String": " "}, "content": _MARK},
    ],
}
_WORDS: Final = 4_096
"""Words that are remembered: a MiB."""
_LONGEST_WORD: Final = 32
"""Longer ones are seldom words, and are not remembered."""
_WORD: Final = re.compile(" +[^ ]*")


class TokenizerCache:
    """Gives the numbers of a text's tokens."""

    def __init__(self, tokenizer_json: bytes) -> None:
        """Take a tokenizer as the `tokenizers` library writes it."""
        self._json = tokenizer_json
        self._tokenizer = Tokenizer.from_str(tokenizer_json.decode())
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        settings = json.loads(tokenizer_json)
        self.by_words = _words_stand_alone(settings)
        """Whether a text's tokens are those of its words."""
        special = (each["content"] for each in settings.get("added_tokens") or ())
        self._special = re.compile("|".join(map(re.escape, (_MARK, *special)))).search
        self._space = settings["model"]["vocab"].get(_MARK)
        self._of_word = lru_cache(_WORDS)(self._of_one)

    def encode_truncated(self, text: str) -> list[int]:
        """Give the numbers, special tokens left out."""
        if not (self.by_words and text) or self._special(text):
            return self.encode(text)
        words = _words_of(text)
        common = max(map(len, words)) <= _LONGEST_WORD
        of_one = self._of_word if common else self._of_any
        return list(chain.from_iterable(map(of_one, words)))

    def encode(self, text: str) -> list[int]:
        """Give the same without looking at words."""
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        return list(encoded.ids)

    @override
    def __reduce__(self) -> tuple[type[Self], tuple[bytes]]:
        # What is remembered stays where it is.
        return type(self), (self._json,)

    def _of_any(self, word: str) -> list[int]:
        common = len(word) <= _LONGEST_WORD
        return self._of_word(word) if common else self._of_one(word)

    def _of_one(self, word: str) -> list[int]:
        """Give those of a word; an empty one is a space and nothing behind it."""
        return self.encode(word) if word else [self._space]


def _words_of(text: str) -> list[str]:
    """Cut a text before each word; spaces in a row go with the word behind them."""
    words = text.split(" ")
    if "" not in words:
        return words
    return [word[1:] for word in _WORD.findall(f" {text}")]


def _words_stand_alone(settings: Mapping[str, Any]) -> bool:
    model = settings["model"]
    plain = (
        model.get("type") == "BPE"
        and model.get("byte_fallback")
        and not model.get("dropout")
        and not model.get("continuing_subword_prefix")
        and not model.get("end_of_word_suffix")
        and settings.get("normalizer") == _NORMALISER
        and settings.get("pre_tokenizer") is None
    )
    if not plain:
        return False
    vocabulary = model["vocab"]
    # Without a token for each byte, unknown characters in a row would be one token.
    whole = all(f"<0x{byte:02X}>" in vocabulary for byte in range(256))
    return whole and not any(_MARK in token.lstrip(_MARK) for token in vocabulary)
