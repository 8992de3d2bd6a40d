"""The copy of an answer is read in every coding that the teacher may choose."""

import gzip
import zlib

import pytest
import zstandard

from tracer_bentos.serving.http_server.tee import MAX_COPY_BYTES, ResponseTee

TEXT = b'{"choices": []}' * 100
CODED = {
    "": TEXT,
    "identity": TEXT,
    "gzip": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    "zstd": zstandard.compress(TEXT),
}


def teed(coding: str, content: bytes) -> ResponseTee:
    tee = ResponseTee()
    coded = [(b"content-encoding", coding.encode())] if coding else []
    tee.start(200, [(b"content-type", b"application/json"), *coded])
    for start in range(0, len(content), 100):
        tee.append(content[start : start + 100])
    tee.end()
    return tee


@pytest.mark.parametrize("coding", CODED)
def test_an_answer_is_read_in_its_coding(coding: str) -> None:
    reply = teed(coding, CODED[coding]).reply
    assert reply
    assert reply.content == TEXT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_an_answer_cut_short_is_none(coding: str) -> None:
    reply = teed(coding, CODED[coding][:-6]).reply
    assert reply is None or reply.content != TEXT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd", "br", "x"])
def test_an_answer_in_another_coding_than_it_says_is_none(coding: str) -> None:
    assert teed(coding, TEXT).reply is None


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_small_answer_that_unfolds_into_a_large_one_is_none(coding: str) -> None:
    large = b" " * (MAX_COPY_BYTES + 1)
    pack = gzip.compress if coding == "gzip" else zstandard.compress
    assert teed(coding, pack(large)).reply is None
