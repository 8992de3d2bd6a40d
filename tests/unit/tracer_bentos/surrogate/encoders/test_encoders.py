"""Encoders that a user names: asked, kept in a bundle, and asked again from it."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from support.embeddings_endpoint import embeddings_endpoint
from support.onnx_folder import write_onnx_folder
from tracer_bentos.surrogate.base.encoder import Encoder
from tracer_bentos.surrogate.base.expert import FeatureSample
from tracer_bentos.surrogate.encoders.endpoint import EndpointEncoder
from tracer_bentos.surrogate.encoders.onnx import OnnxEncoder
from tracer_bentos.surrogate.encoders.registry import build_encoder
from tracer_core.contracts.runtime import EMBEDDINGS_KEY_FILE
from tracer_core.errors import DocumentError, EmbeddingsError

TEXTS = ["parcel is late", "great service", "late late late", "", "\u2028 ?"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_onnx_folder(tmp_path_factory.mktemp("onnx") / "encoder", TEXTS[:2])


def vectors(encoder: Encoder) -> list[list[float]]:
    return [encoder.encode(FeatureSample(text)).tolist() for text in TEXTS]


def test_an_onnx_model_is_averaged_over_the_tokens_of_a_text(folder: Path) -> None:
    encoder = OnnxEncoder.from_folder(folder)
    late = encoder.encode(FeatureSample("late"))
    parcel = encoder.encode(FeatureSample("PARCEL"))
    both = encoder.encode(FeatureSample("late parcel"))
    assert late.dtype == np.float32
    assert late.shape == (48,)
    np.testing.assert_allclose(both, (late + parcel) / 2, rtol=1e-6)
    np.testing.assert_array_equal(encoder.encode(FeatureSample("late late late")), late)


def test_a_text_without_a_token_has_a_vector_of_zeros(folder: Path) -> None:
    found = OnnxEncoder.from_folder(folder).encode(FeatureSample(" \u2028"))
    assert found.tolist() == [0.0] * 48


def test_an_onnx_encoder_comes_back_from_its_files_as_it_was(folder: Path) -> None:
    encoder = OnnxEncoder.from_folder(folder)
    again = build_encoder(encoder.kind, encoder.files(), encoder.settings)
    assert vectors(again) == vectors(encoder)


def test_a_folder_without_model_and_tokenizer_is_refused(folder: Path) -> None:
    with pytest.raises(DocumentError, match=r"must hold one \.onnx file"):
        OnnxEncoder.from_folder(folder.parent / "absent")


def test_what_is_no_model_is_said_in_words(folder: Path) -> None:
    tokenizer = (folder / "tokenizer.json").read_bytes()
    with pytest.raises(DocumentError, match="the sentence encoder cannot be run"):
        OnnxEncoder(b"no model", tokenizer).encode(FeatureSample("late"))
    model = (folder / "model.onnx").read_bytes()
    with pytest.raises(DocumentError, match="the sentence encoder cannot be run"):
        OnnxEncoder(model, b"{}").encode(FeatureSample("late"))


def test_an_endpoint_gives_one_vector_a_text_alone_or_with_others() -> None:
    with embeddings_endpoint() as endpoint:
        encoder = EndpointEncoder(endpoint.url, "small")
        alone = vectors(encoder)
        together = encoder.encode_all([FeatureSample(text) for text in TEXTS * 30])
        again = build_encoder(encoder.kind, encoder.files(), encoder.settings)
        assert vectors(again) == alone
    assert together.tolist() == alone * 30
    assert endpoint.seen[0] == {
        "model": "small",
        "input": ["parcel is late"],
        "encoding_format": "float",
    }
    assert [len(each["input"]) for each in endpoint.seen[5:8]] == [64, 64, 22]


def test_the_key_is_read_from_its_file_at_each_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    monkeypatch.setenv(EMBEDDINGS_KEY_FILE, str(key))
    with embeddings_endpoint() as endpoint:
        encoder = EndpointEncoder(endpoint.url, "small")
        for each in ("sk-one", "sk-two\n"):
            key.write_text(each)
            encoder.encode(FeatureSample("late"))
    assert endpoint.keys == ["Bearer sk-one", "Bearer sk-two"]
    assert "sk-one" not in str(encoder.settings)


def test_a_key_goes_only_to_the_hosts_that_its_secret_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("sk-one")
    monkeypatch.setenv(EMBEDDINGS_KEY_FILE, str(tmp_path / "key"))
    with embeddings_endpoint() as endpoint:
        encoder = EndpointEncoder(endpoint.url, "small")
        (tmp_path / "allowed-hosts").write_text("embed.example.com")
        with pytest.raises(EmbeddingsError, match=r"does not name 127\.0\.0\.1 among"):
            encoder.encode(FeatureSample("late"))
        assert endpoint.seen == []
        (tmp_path / "allowed-hosts").write_text("embed.example.com, 127.0.0.1")
        encoder.encode(FeatureSample("late"))
    assert endpoint.keys == ["Bearer sk-one"]


def test_a_key_that_is_not_there_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(EMBEDDINGS_KEY_FILE, str(tmp_path / "key"))
    encoder = EndpointEncoder("http://127.0.0.1:9/v1", "small")
    with pytest.raises(EmbeddingsError, match="must exist and have an entry key"):
        encoder.encode(FeatureSample("late"))


def test_key_and_texts_do_not_follow_an_endpoint_that_points_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("sk-one")
    monkeypatch.setenv(EMBEDDINGS_KEY_FILE, str(tmp_path / "key"))
    with embeddings_endpoint() as endpoint, embeddings_endpoint() as other:
        endpoint.moved = f"{other.url}/embeddings"
        with pytest.raises(EmbeddingsError, match="HTTP 302"):
            EndpointEncoder(endpoint.url, "small").encode(FeatureSample("late"))
    assert other.seen == []


def test_calls_share_a_connection() -> None:
    with embeddings_endpoint() as endpoint:
        for _ in range(5):
            EndpointEncoder(endpoint.url, "small").encode(FeatureSample("late"))
    assert (len(endpoint.seen), len(endpoint.clients)) == (5, 1)


def test_a_connection_that_was_closed_meanwhile_is_opened_again() -> None:
    with embeddings_endpoint() as endpoint:
        endpoint.closes = True
        for _ in range(5):
            EndpointEncoder(endpoint.url, "small").encode(FeatureSample("late"))
    assert (len(endpoint.seen), len(endpoint.clients)) == (5, 5)


def test_an_endpoint_behind_a_proxy_is_asked_through_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    with embeddings_endpoint() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/v1"))
        # The stand-in knows no address but its own: that it was asked is the point.
        with pytest.raises(EmbeddingsError, match=r"no embedding .* HTTP 400"):
            EndpointEncoder("http://embed.example/v1", "m").encode(
                FeatureSample("late")
            )
        monkeypatch.setenv("no_proxy", "embed.example")
        with pytest.raises(EmbeddingsError, match="NameResolutionError"):
            EndpointEncoder("http://embed.example/v1", "m").encode(
                FeatureSample("late")
            )
    assert [each["input"] for each in proxy.seen] == [["late"]]


def test_tokens_are_counted_as_the_endpoint_says() -> None:
    with embeddings_endpoint() as endpoint:
        encoder = EndpointEncoder(endpoint.url, "small")
        encoder.encode(FeatureSample("parcel is late"))
        encoder.encode_all([FeatureSample("late")] * 100)
        endpoint.refusals = [400]
        with pytest.raises(EmbeddingsError):
            encoder.encode(FeatureSample("late"))
    assert encoder.spent.tokens == 103


@pytest.mark.parametrize("usage", [None, {}, {"total_tokens": "7"}, {"tokens": 7}])
def test_an_endpoint_that_counts_nothing_is_counted_as_nothing(usage: object) -> None:
    with embeddings_endpoint() as endpoint:
        vector = {"index": 0, "embedding": [1.0, 2.0]}
        endpoint.answer = {"data": [vector], "usage": usage}
        encoder = EndpointEncoder(endpoint.url, "small")
        assert encoder.encode(FeatureSample("late")).tolist() == [1.0, 2.0]
    assert encoder.spent.tokens == 0


def test_an_answer_that_breaks_off_is_said_in_words() -> None:
    with embeddings_endpoint() as endpoint:
        endpoint.short = 1
        with pytest.raises(EmbeddingsError, match="ProtocolError: check"):
            EndpointEncoder(endpoint.url, "small").encode(FeatureSample("late"))


def test_many_texts_are_asked_for_again_after_a_hiccup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tracer_bentos.surrogate.encoders.endpoint._PAUSES", (0.0, 0.0))
    with embeddings_endpoint() as endpoint:
        encoder = EndpointEncoder(endpoint.url, "small")
        endpoint.refusals = [429, 503]
        assert len(encoder.encode_all([FeatureSample("late")])) == 1
        endpoint.refusals = [500, 500, 500]
        with pytest.raises(EmbeddingsError, match="HTTP 500"):
            encoder.encode_all([FeatureSample("late")])
        endpoint.refusals = [401]
        with pytest.raises(EmbeddingsError, match="HTTP 401: check the endpoint"):
            encoder.encode_all([FeatureSample("late")])
    assert len(endpoint.seen) == 7


def test_one_text_is_asked_for_once_because_a_teacher_waits() -> None:
    with embeddings_endpoint() as endpoint:
        endpoint.refusals = [503]
        with pytest.raises(EmbeddingsError, match="HTTP 503"):
            EndpointEncoder(endpoint.url, "small").encode(FeatureSample("late"))
    assert len(endpoint.seen) == 1


def test_while_an_attempt_is_made_one_text_is_asked_for_again_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tracer_bentos.surrogate.encoders.endpoint._PAUSES", (0.0, 0.0))
    with embeddings_endpoint() as endpoint:
        endpoint.refusals = [503, 503]
        patient = EndpointEncoder(endpoint.url, "small", patient=True)
        assert len(patient.encode(FeatureSample("late"))) == 48
        kept = build_encoder(patient.kind, patient.files(), patient.settings)
    assert len(endpoint.seen) == 3
    assert kept == EndpointEncoder(endpoint.url, "small")


def test_encoders_travel_to_workers_without_what_is_theirs_alone(folder: Path) -> None:
    sentence = OnnxEncoder.from_folder(folder)
    with embeddings_endpoint() as endpoint:
        asked = EndpointEncoder(endpoint.url, "small", patient=True)
        for encoder in (sentence, asked):
            before = vectors(encoder)
            arrived = pickle.loads(pickle.dumps(encoder))  # noqa: S301 - our own
            assert vectors(arrived) == before
            assert arrived == encoder
    assert arrived.spent.tokens == asked.spent.tokens  # each counts its own


@pytest.mark.parametrize("answer", [[], {"data": []}, {"data": [{"index": 0}]}])
def test_an_answer_that_is_none_is_said_in_words(answer: object) -> None:
    with embeddings_endpoint() as endpoint:
        endpoint.answer = answer
        with pytest.raises(EmbeddingsError, match="no embedding from http://"):
            EndpointEncoder(endpoint.url, "small").encode(FeatureSample("late"))
