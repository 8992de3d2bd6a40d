"""The copy of a response is decoded in all codings that the teacher can choose."""

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


def tee_with(coding: str, content: bytes) -> ResponseTee:
    tee = ResponseTee()
    coded = [(b"content-encoding", coding.encode())] if coding else []
    tee.start(200, [(b"content-type", b"application/json"), *coded])
    for start in range(0, len(content), 100):
        tee.append(content[start : start + 100])
    tee.end()
    return tee


@pytest.mark.parametrize("coding", CODED)
def test_a_response_is_decoded_by_its_content_coding(coding: str) -> None:
    reply = tee_with(coding, CODED[coding]).reply
    assert reply
    assert reply.content == TEXT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_a_truncated_response_is_not_decoded(coding: str) -> None:
    reply = tee_with(coding, CODED[coding][:-6]).reply
    assert reply is None or reply.content != TEXT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd", "br", "x"])
def test_a_response_with_a_wrong_content_coding_is_not_decoded(coding: str) -> None:
    assert tee_with(coding, TEXT).reply is None


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_small_response_that_expands_above_the_limit_is_not_decoded(
    coding: str,
) -> None:
    large = b" " * (MAX_COPY_BYTES + 1)
    pack = gzip.compress if coding == "gzip" else zstandard.compress
    assert tee_with(coding, pack(large)).reply is None
