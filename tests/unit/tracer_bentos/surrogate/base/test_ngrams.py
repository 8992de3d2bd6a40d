"""Hashed n-grams: the same on every machine, for every text."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tracer_bentos.surrogate.base.ngrams import hash_features, is_word, normalize


def test_the_features_of_a_text_never_change() -> None:
    # Golden values: if they change, increase FEATURES_VERSION.
    found = np.sort(hash_features("Hi, you"))
    assert len(found) == 23
    assert int(np.bitwise_xor.reduce(found)) == 4154785375


def test_case_and_spacing_make_no_difference() -> None:
    texts = ["my CARD  is\tlost", " My card is lost\n"]
    first, second = (hash_features(text) for text in texts)
    assert np.array_equal(first, second)
    assert normalize(texts[0]) == "my card is lost"


def test_n_grams_of_words_and_of_characters_are_distinguished() -> None:
    assert int(is_word(hash_features("my card")).sum()) == 3  # two words, one pair


def test_no_n_gram_of_characters_crosses_two_words() -> None:
    original = set(hash_features("ab cd").tolist())
    swapped = set(hash_features("cd ab").tolist())
    characters = [{h for h in hashes if h % 2 == 0} for hashes in (original, swapped)]
    assert characters[0] == characters[1]


@given(text=st.text())
def test_every_text_has_features_unless_it_is_blank(text: str) -> None:
    assert (len(hash_features(text)) > 0) == bool(text.split())


def test_a_lone_surrogate_code_point_has_features() -> None:
    assert len(hash_features("bad \ud800 text")) > 0


def test_a_long_text_is_truncated() -> None:
    assert len(hash_features("word " * 100_000)) < 60_000
