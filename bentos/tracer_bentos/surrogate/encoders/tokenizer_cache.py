"""The tokens of a text, with a cache of words where that gives the same tokens.

Tokenizers of the Llama kind replace each space by a mark that tokens contain only at
their beginning. So no merge crosses the beginning of a word, and the tokens of a text
are those of its words. Words repeat, and a lookup takes a tenth of the time.
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
_NORMALIZER: Final = {
    "type": "Sequence",
    "normalizers": [
        {"type": "Prepend", "prepend": _MARK},
        {"type": "Replace", "pattern": {"String": " "}, "content": _MARK},
    ],
}
_CACHE_SIZE: Final = 4_096
"""Words in the cache; they take about one MiB."""
_MAX_WORD: Final = 32
"""Characters of the longest word in the cache; longer strings are rarely words."""
_WORD: Final = re.compile(" +[^ ]*")


class TokenizerCache:
    """Computes the token IDs of texts."""

    def __init__(self, tokenizer_json: bytes) -> None:
        """Load a tokenizer in the format of the `tokenizers` library."""
        self._json = tokenizer_json
        self._tokenizer = Tokenizer.from_str(tokenizer_json.decode())
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        settings = json.loads(tokenizer_json)
        self.by_words = _has_independent_words(settings)
        """Whether the tokens of a text are those of its words."""
        special = (token["content"] for token in settings.get("added_tokens") or ())
        self._special = re.compile("|".join(map(re.escape, (_MARK, *special)))).search
        self._space = settings["model"]["vocab"].get(_MARK)
        self._encode_cached = lru_cache(_CACHE_SIZE)(self._encode_word)

    def encode(self, text: str) -> list[int]:
        """Return the token IDs of a text, without special tokens."""
        if not (self.by_words and text) or self._special(text):
            return self.encode_whole(text)
        words = _split_words(text)
        all_cached = max(map(len, words)) <= _MAX_WORD
        encode_word = self._encode_cached if all_cached else self._encode_any
        return list(chain.from_iterable(map(encode_word, words)))

    def encode_whole(self, text: str) -> list[int]:
        """Return the same token IDs without the cache of words."""
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        return list(encoded.ids)

    @override
    def __reduce__(self) -> tuple[type[Self], tuple[bytes]]:
        # The cache is not pickled: each process has its own.
        return type(self), (self._json,)

    def _encode_any(self, word: str) -> list[int]:
        is_cached = len(word) <= _MAX_WORD
        return self._encode_cached(word) if is_cached else self._encode_word(word)

    def _encode_word(self, word: str) -> list[int]:
        """Return the token IDs of a word; an empty word is a space without a word."""
        return self.encode_whole(word) if word else [self._space]


def _split_words(text: str) -> list[str]:
    """Split a text before each word; consecutive spaces belong to the next word."""
    words = text.split(" ")
    if "" not in words:
        return words
    return [word[1:] for word in _WORD.findall(f" {text}")]


def _has_independent_words(settings: Mapping[str, Any]) -> bool:
    """Return whether no token can cross the beginning of a word."""
    model = settings["model"]
    is_supported = (
        model.get("type") == "BPE"
        and model.get("byte_fallback")
        and not model.get("dropout")
        and not model.get("continuing_subword_prefix")
        and not model.get("end_of_word_suffix")
        and settings.get("normalizer") == _NORMALIZER
        and settings.get("pre_tokenizer") is None
    )
    if not is_supported:
        return False
    vocabulary = model["vocab"]
    # Without a token for each byte, consecutive unknown characters are one token.
    has_all_bytes = all(f"<0x{byte:02X}>" in vocabulary for byte in range(256))
    return has_all_bytes and not any(
        _MARK in token.lstrip(_MARK) for token in vocabulary
    )
