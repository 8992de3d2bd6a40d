"""Cached tokens of words are the tokens of the whole text, or no cache is used."""

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer_bentos.surrogate.encoders.static import find_static_encoder
from tracer_bentos.surrogate.encoders.tokenizer_cache import TokenizerCache

ENCODER = find_static_encoder()
assert ENCODER is not None
TOKENIZER = ENCODER.tokenizer_json
TOKENS = TokenizerCache(TOKENIZER)
PIECES = ["card", " ", "  ", "\u2581", "<s>", "</s>", "<unk>", "\n", "\t", "\u00e9"]


def changed(**changes: Any) -> bytes:
    """Return the tokenizer with changed fields of its model or of itself."""
    document = json.loads(TOKENIZER)
    for name, value in changes.items():
        (document["model"] if name in document["model"] else document)[name] = value
    return json.dumps(document).encode()


def test_the_tokenizer_of_the_package_uses_the_cache_of_words() -> None:
    assert TOKENS.by_words


@given(st.text() | st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join))
def test_the_tokens_of_the_words_are_those_of_the_text(text: str) -> None:
    assert TOKENS.encode(text) == TOKENS.encode_whole(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "   ", " a", "a ", "a  b", "\u2581", "a\u2581b", "x" * 5_000, "a <s> b"],
)
def test_spaces_marks_and_long_words_have_the_tokens_of_the_text(text: str) -> None:
    assert TOKENS.encode(text) == TOKENS.encode_whole(text)


@pytest.mark.parametrize(
    "other",
    [
        {"pre_tokenizer": {"type": "Whitespace"}},
        {"normalizer": {"type": "Lowercase"}},
        {"byte_fallback": False},
        {"dropout": 0.5},
        {"end_of_word_suffix": "</w>"},
    ],
)
def test_a_tokenizer_of_another_kind_encodes_whole_texts(
    other: dict[str, Any],
) -> None:
    assert not TokenizerCache(changed(**other)).by_words


def test_a_tokenizer_with_a_token_across_words_encodes_whole_texts() -> None:
    vocabulary = json.loads(TOKENIZER)["model"]["vocab"]
    vocabulary["of\u2581the"] = len(vocabulary)
    assert not TokenizerCache(changed(vocab=vocabulary)).by_words


def test_a_pickled_tokenizer_has_an_empty_cache_and_the_same_tokens() -> None:
    expected = TOKENS.encode("my card is lost")
    unpickled = pickle.loads(pickle.dumps(TOKENS))  # noqa: S301 - pickled here
    assert unpickled.encode("my card is lost") == expected
