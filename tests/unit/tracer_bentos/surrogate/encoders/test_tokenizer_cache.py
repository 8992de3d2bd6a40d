"""Tokens found word by word are those of the whole text, or words are not looked at."""

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
    """Give the tokenizer with some fields of its model or of itself changed."""
    document = json.loads(TOKENIZER)
    for name, value in changes.items():
        (document["model"] if name in document["model"] else document)[name] = value
    return json.dumps(document).encode()


def test_the_shipped_tokenizer_is_looked_up_by_words() -> None:
    assert TOKENS.by_words


@given(st.text() | st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join))
def test_the_tokens_of_the_words_are_those_of_the_text(text: str) -> None:
    assert TOKENS.encode_truncated(text) == TOKENS.encode(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "   ", " a", "a ", "a  b", "\u2581", "a\u2581b", "x" * 5_000, "a <s> b"],
)
def test_spaces_marks_and_long_words_are_no_exception(text: str) -> None:
    assert TOKENS.encode_truncated(text) == TOKENS.encode(text)


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
def test_a_tokenizer_of_another_kind_is_asked_about_whole_texts(
    other: dict[str, Any],
) -> None:
    assert not TokenizerCache(changed(**other)).by_words


def test_one_with_a_token_across_words_is_asked_about_whole_texts() -> None:
    vocabulary = json.loads(TOKENIZER)["model"]["vocab"]
    vocabulary["of\u2581the"] = len(vocabulary)
    assert not TokenizerCache(changed(vocab=vocabulary)).by_words


def test_tokens_travel_without_what_they_remember() -> None:
    TOKENS.encode_truncated("my card is lost")
    again = pickle.loads(pickle.dumps(TOKENS))  # noqa: S301 - our own
    assert again.encode_truncated("my card is lost") == TOKENS.encode_truncated(
        "my card is lost"
    )
