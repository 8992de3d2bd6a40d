"""Encoders: their embeddings, their traits, and the copy that a bundle contains."""

import pickle
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
import pytest

from support.embeddings_endpoint import embeddings_endpoint
from support.onnx_folder import write_onnx_folder
from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.base.sample import FeatureSample
from tracer_bentos.surrogate.encoders.endpoint import EndpointEncoder
from tracer_bentos.surrogate.encoders.onnx import OnnxEncoder
from tracer_bentos.surrogate.encoders.precomputed import PrecomputedEncoder
from tracer_bentos.surrogate.encoders.registry import build_encoder
from tracer_bentos.surrogate.encoders.static import find_static_encoder
from tracer_core.contracts.runtime import EMBEDDINGS_KEY_FILE
from tracer_core.errors import DocumentError, EmbeddingsError

TEXTS = ["parcel is late", "great service", "late late late", "", "\u2028 ?"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_onnx_folder(tmp_path_factory.mktemp("onnx") / "encoder", TEXTS[:2])


def vectors(encoder: Encoder) -> list[list[float]]:
    return [encoder.encode(FeatureSample(text)).tolist() for text in TEXTS]


def test_an_onnx_embedding_is_the_mean_over_the_tokens_of_a_text(folder: Path) -> None:
    encoder = OnnxEncoder.from_folder(folder)
    late = encoder.encode(FeatureSample("late"))
    parcel = encoder.encode(FeatureSample("PARCEL"))
    both = encoder.encode(FeatureSample("late parcel"))
    assert late.dtype == np.float32
    assert late.shape == (48,)
    np.testing.assert_allclose(both, (late + parcel) / 2, rtol=1e-6)
    np.testing.assert_array_equal(encoder.encode(FeatureSample("late late late")), late)


def test_a_text_without_tokens_has_an_embedding_of_zeros(folder: Path) -> None:
    found = OnnxEncoder.from_folder(folder).encode(FeatureSample(" \u2028"))
    assert found.tolist() == [0.0] * 48


def test_an_onnx_encoder_built_from_its_files_computes_the_same_embeddings(
    folder: Path,
) -> None:
    encoder = OnnxEncoder.from_folder(folder)
    again = build_encoder(encoder.kind, encoder.files(), encoder.settings)
    assert vectors(again) == vectors(encoder)


def static_encoder() -> Encoder:
    encoder = find_static_encoder()
    assert encoder is not None
    return encoder


@dataclass(frozen=True)
class Traits:
    """All members of an encoder that other code decides by."""

    costly: bool
    remote: bool
    deterministic: bool
    vector_length: int | None = None
    max_characters: int | None = None
    max_tokens: int | None = None

    @classmethod
    def from_encoder(cls, encoder: Encoder) -> Self:
        names = (member.name for member in fields(cls))
        return cls(**{name: getattr(encoder, name) for name in names})


@pytest.mark.parametrize(
    ("encoder", "expected"),
    [
        pytest.param(
            static_encoder(),
            Traits(
                costly=False, remote=False, deterministic=True, max_characters=8_000
            ),
            id="static",
        ),
        pytest.param(
            PrecomputedEncoder(48),
            Traits(costly=False, remote=False, deterministic=True, vector_length=48),
            id="precomputed",
        ),
        pytest.param(
            OnnxEncoder(b"", b""),
            Traits(costly=True, remote=False, deterministic=False, max_tokens=256),
            id="onnx",
        ),
        pytest.param(
            EndpointEncoder("http://127.0.0.1:9/v1", "small"),
            Traits(costly=True, remote=True, deterministic=False, max_characters=8_000),
            id="endpoint",
        ),
    ],
)
def test_each_encoder_states_its_cost_reach_and_limits(
    encoder: Encoder, expected: Traits
) -> None:
    assert Traits.from_encoder(encoder) == expected
    assert encoder.tokens_used == 0


def test_text_beyond_the_limit_of_characters_is_ignored() -> None:
    static = static_encoder()
    assert static.max_characters is not None
    longest = ("parcel is late " * 600)[: static.max_characters]
    found = static.encode(FeatureSample(f"{longest} and more"))
    assert found.tolist() == static.encode(FeatureSample(longest)).tolist()
    with embeddings_endpoint() as endpoint:
        remote = EndpointEncoder(endpoint.url, "small")
        remote.encode(FeatureSample("x" * 9_000))
    assert endpoint.seen[0]["input"] == ["x" * 8_000]


def test_tokens_beyond_the_limit_are_ignored(folder: Path) -> None:
    encoder = OnnxEncoder.from_folder(folder)
    longest = encoder.encode(FeatureSample("late " * encoder.max_tokens))
    found = encoder.encode(FeatureSample("late " * encoder.max_tokens + "parcel"))
    assert found.tolist() == longest.tolist()


def test_a_batch_has_the_embeddings_of_its_inputs(folder: Path) -> None:
    for encoder in (static_encoder(), OnnxEncoder.from_folder(folder)):
        samples = [FeatureSample(text) for text in TEXTS]
        assert encoder.encode_batch(samples).tolist() == vectors(encoder)
    sample = FeatureSample("any", np.arange(3, dtype=np.float32))
    assert PrecomputedEncoder(3).encode_batch([sample]).tolist() == [[0.0, 1.0, 2.0]]


def test_checking_an_encoder_reports_a_fault(folder: Path) -> None:
    OnnxEncoder.from_folder(folder).check()
    static_encoder().check()
    PrecomputedEncoder(3).check()
    with pytest.raises(DocumentError, match="cannot run the sentence encoder"):
        OnnxEncoder(b"no model", b"{}").check()
    with embeddings_endpoint() as endpoint:
        remote = EndpointEncoder(endpoint.url, "small", retries=True)
        remote.check()
        endpoint.refusals = [503]
        with pytest.raises(EmbeddingsError, match="HTTP 503"):
            remote.check()
    assert len(endpoint.seen) == 2


def test_a_folder_without_a_model_and_a_tokenizer_is_rejected(folder: Path) -> None:
    with pytest.raises(DocumentError, match=r"must contain one \.onnx file"):
        OnnxEncoder.from_folder(folder.parent / "absent")


def test_an_invalid_model_or_tokenizer_is_reported(folder: Path) -> None:
    tokenizer = (folder / "tokenizer.json").read_bytes()
    with pytest.raises(DocumentError, match="cannot run the sentence encoder"):
        OnnxEncoder(b"no model", tokenizer).encode(FeatureSample("late"))
    model = (folder / "model.onnx").read_bytes()
    with pytest.raises(DocumentError, match="cannot run the sentence encoder"):
        OnnxEncoder(model, b"{}").encode(FeatureSample("late"))


def test_an_endpoint_returns_the_same_vector_for_a_text_alone_and_in_a_batch() -> None:
    with embeddings_endpoint() as endpoint:
        encoder = EndpointEncoder(endpoint.url, "small")
        alone = vectors(encoder)
        together = encoder.encode_batch([FeatureSample(text) for text in TEXTS * 30])
        again = build_encoder(encoder.kind, encoder.files(), encoder.settings)
        assert vectors(again) == alone
    assert together.tolist() == alone * 30
    assert endpoint.seen[0] == {
        "model": "small",
        "input": ["parcel is late"],
        "encoding_format": "float",
    }
    assert [len(request["input"]) for request in endpoint.seen[5:8]] == [64, 64, 22]


def test_the_key_is_read_from_its_file_at_each_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    monkeypatch.setenv(EMBEDDINGS_KEY_FILE, str(key))
    with embeddings_endpoint() as endpoint:
        encoder = EndpointEncoder(endpoint.url, "small")
        for content in ("sk-one", "sk-two\n"):
            key.write_text(content)
            encoder.encode(FeatureSample("late"))
    assert endpoint.keys == ["Bearer sk-one", "Bearer sk-two"]
    assert "sk-one" not in str(encoder.settings)


def test_a_key_is_sent_only_to_the_hosts_that_its_secret_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("sk-one")
    monkeypatch.setenv(EMBEDDINGS_KEY_FILE, str(tmp_path / "key"))
    with embeddings_endpoint() as endpoint:
        encoder = EndpointEncoder(endpoint.url, "small")
        (tmp_path / "allowed-hosts").write_text("embed.example.com")
        with pytest.raises(EmbeddingsError, match=r"does not list 127\.0\.0\.1 in"):
            encoder.encode(FeatureSample("late"))
        assert endpoint.seen == []
        (tmp_path / "allowed-hosts").write_text("embed.example.com, 127.0.0.1")
        encoder.encode(FeatureSample("late"))
    assert endpoint.keys == ["Bearer sk-one"]


def test_a_missing_key_file_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(EMBEDDINGS_KEY_FILE, str(tmp_path / "key"))
    encoder = EndpointEncoder("http://127.0.0.1:9/v1", "small")
    with pytest.raises(EmbeddingsError, match="with an entry key"):
        encoder.encode(FeatureSample("late"))


def test_a_redirect_of_the_endpoint_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("sk-one")
    monkeypatch.setenv(EMBEDDINGS_KEY_FILE, str(tmp_path / "key"))
    with embeddings_endpoint() as endpoint, embeddings_endpoint() as other:
        endpoint.moved = f"{other.url}/embeddings"
        with pytest.raises(EmbeddingsError, match="HTTP 302"):
            EndpointEncoder(endpoint.url, "small").encode(FeatureSample("late"))
    assert other.seen == []


def test_requests_share_a_connection() -> None:
    with embeddings_endpoint() as endpoint:
        for _ in range(5):
            EndpointEncoder(endpoint.url, "small").encode(FeatureSample("late"))
    assert (len(endpoint.seen), len(endpoint.clients)) == (5, 1)


def test_a_closed_idle_connection_is_opened_again() -> None:
    with embeddings_endpoint() as endpoint:
        endpoint.closes = True
        for _ in range(5):
            EndpointEncoder(endpoint.url, "small").encode(FeatureSample("late"))
    assert (len(endpoint.seen), len(endpoint.clients)) == (5, 5)


def test_requests_to_an_endpoint_use_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    with embeddings_endpoint() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/v1"))
        # The test server rejects any address but its own; it has received the request.
        with pytest.raises(EmbeddingsError, match=r"no embedding .* HTTP 400"):
            EndpointEncoder("http://embed.example/v1", "m").encode(
                FeatureSample("late")
            )
        monkeypatch.setenv("no_proxy", "embed.example")
        with pytest.raises(EmbeddingsError, match="NameResolutionError"):
            EndpointEncoder("http://embed.example/v1", "m").encode(
                FeatureSample("late")
            )
    assert [request["input"] for request in proxy.seen] == [["late"]]


def test_tokens_are_counted_as_the_endpoint_reports_them() -> None:
    with embeddings_endpoint() as endpoint:
        encoder = EndpointEncoder(endpoint.url, "small")
        encoder.encode(FeatureSample("parcel is late"))
        encoder.encode_batch([FeatureSample("late")] * 100)
        endpoint.refusals = [400]
        with pytest.raises(EmbeddingsError):
            encoder.encode(FeatureSample("late"))
    assert encoder.tokens_used == 103


@pytest.mark.parametrize("usage", [None, {}, {"total_tokens": "7"}, {"tokens": 7}])
def test_no_tokens_are_counted_without_a_valid_report(usage: object) -> None:
    with embeddings_endpoint() as endpoint:
        vector = {"index": 0, "embedding": [1.0, 2.0]}
        endpoint.answer = {"data": [vector], "usage": usage}
        encoder = EndpointEncoder(endpoint.url, "small")
        assert encoder.encode(FeatureSample("late")).tolist() == [1.0, 2.0]
    assert encoder.tokens_used == 0


def test_an_incomplete_response_is_reported() -> None:
    with embeddings_endpoint() as endpoint:
        endpoint.short = 1
        with pytest.raises(EmbeddingsError, match="ProtocolError; check"):
            EndpointEncoder(endpoint.url, "small").encode(FeatureSample("late"))


def test_a_batch_is_requested_again_after_a_transient_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "tracer_bentos.surrogate.encoders.endpoint._RETRY_DELAYS", (0.0, 0.0)
    )
    with embeddings_endpoint() as endpoint:
        encoder = EndpointEncoder(endpoint.url, "small")
        endpoint.refusals = [429, 503]
        assert len(encoder.encode_batch([FeatureSample("late")])) == 1
        endpoint.refusals = [500, 500, 500]
        with pytest.raises(EmbeddingsError, match="HTTP 500"):
            encoder.encode_batch([FeatureSample("late")])
        endpoint.refusals = [401]
        with pytest.raises(EmbeddingsError, match="HTTP 401; check the endpoint"):
            encoder.encode_batch([FeatureSample("late")])
    assert len(endpoint.seen) == 7


def test_a_single_text_is_requested_once_while_a_client_waits() -> None:
    with embeddings_endpoint() as endpoint:
        endpoint.refusals = [503]
        with pytest.raises(EmbeddingsError, match="HTTP 503"):
            EndpointEncoder(endpoint.url, "small").encode(FeatureSample("late"))
    assert len(endpoint.seen) == 1


def test_a_single_text_is_requested_again_in_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "tracer_bentos.surrogate.encoders.endpoint._RETRY_DELAYS", (0.0, 0.0)
    )
    with embeddings_endpoint() as endpoint:
        endpoint.refusals = [503, 503]
        encoder = EndpointEncoder(endpoint.url, "small", retries=True)
        assert len(encoder.encode(FeatureSample("late"))) == 48
        built = build_encoder(encoder.kind, encoder.files(), encoder.settings)
    assert len(endpoint.seen) == 3
    assert built == EndpointEncoder(endpoint.url, "small")


def test_pickled_encoders_contain_no_state_of_their_process(folder: Path) -> None:
    sentence = OnnxEncoder.from_folder(folder)
    with embeddings_endpoint() as endpoint:
        remote = EndpointEncoder(endpoint.url, "small", retries=True)
        for encoder in (sentence, remote):
            before = vectors(encoder)
            arrived = pickle.loads(pickle.dumps(encoder))  # noqa: S301 - pickled here
            assert vectors(arrived) == before
            assert arrived == encoder
    assert arrived.tokens_used == remote.tokens_used  # each counts its own tokens


@pytest.mark.parametrize("answer", [[], {"data": []}, {"data": [{"index": 0}]}])
def test_an_invalid_response_is_reported(answer: object) -> None:
    with embeddings_endpoint() as endpoint:
        endpoint.answer = answer
        with pytest.raises(EmbeddingsError, match="no embedding from http://"):
            EndpointEncoder(endpoint.url, "small").encode(FeatureSample("late"))
