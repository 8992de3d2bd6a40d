"""`fit` with encoders or vectors of the user, and `predict` with its bundle."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.embeddings_endpoint import embeddings_endpoint
from support.hidden_topics import hidden_texts, topic_of, vectors_of
from support.onnx_folder import write_onnx_folder
from tracer_bentos.bundle.bundle import open_bundle
from tracer_bentos.training.fit.named_encoders import parse_encoder_names
from tracer_bentos.training.ledger.offline_ledger import STATE_VARIABLE
from tracer_cli import main
from tracer_core.contracts.document import sha256_digest
from tracer_core.errors import DocumentError

TEXTS = hidden_texts(600, seed=1)
FRESH = hidden_texts(100, seed=2)


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))


def write_traces(path: Path, **fields: list[Any]) -> Path:
    lines = [
        {"input": text, "teacher": topic_of(text)}
        | {name: values[at] for name, values in fields.items()}
        for at, text in enumerate(TEXTS)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def write_inputs(path: Path, **fields: list[Any]) -> Path:
    lines = [
        {"input": text} | {name: values[at] for name, values in fields.items()}
        for at, text in enumerate(FRESH)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def save(path: Path, texts: list[str], kind: type[np.floating]) -> Path:
    np.save(path, vectors_of(texts).astype(kind))
    return path


@contextmanager
def named(kind: str, folder: Path) -> Iterator[list[str]]:
    """Return the options that name an encoder of a kind."""
    if kind == "onnx":
        yield ["--embedder", str(write_onnx_folder(folder / "onnx", [*TEXTS, *FRESH]))]
    else:
        with embeddings_endpoint() as endpoint:
            yield ["--embedder-url", endpoint.url, "--embedder-model", "small"]


def run(
    capsys: pytest.CaptureFixture[str], *call: object, code: int = 0
) -> list[dict[str, Any]]:
    assert main(list(map(str, call))) == code
    return [json.loads(line) for line in capsys.readouterr().out.split("\n") if line]


def check(decisions: list[dict[str, Any]]) -> None:
    """Check that most inputs are answered, and 90% of the answers are correct."""
    answered = [
        (decision["label"], topic_of(text))
        for decision, text in zip(decisions, FRESH, strict=True)
        if decision["accepted"]
    ]
    assert len(answered) > 60
    assert sum(label == topic for label, topic in answered) >= 0.9 * len(answered)


def test_words_alone_certify_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_traces(tmp_path / "traces.jsonl")
    call = ["fit", path, "--target", "90%", "--out", tmp_path / "out", "-o", "json"]
    (found,) = run(capsys, *call, code=3)
    assert (found["outcome"], found["certificate"], found["bundle"]) == (
        "refused",
        None,
        None,
    )
    assert found["reason"]


@pytest.mark.parametrize("kind", ["onnx", "endpoint"])
def test_a_named_encoder_decides_from_the_bundle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path, out = write_traces(tmp_path / "traces.jsonl"), tmp_path / "out"
    with named(kind, tmp_path) as options:
        call = ["fit", path, "--target", "90%", "--out", out, "-o", "json", *options]
        (found,) = run(capsys, *call)
        assert found["outcome"] == "certified"
        assert (found["bundle"], found["faults"]) == (str(out), [])
        assert found["certificate"]["coverage"] > 0.6
        check(run(capsys, "predict", out, write_inputs(tmp_path / "inputs")))
        predictor = open_bundle(out)
    assert predictor.costly
    assert predictor.manifest.digest == found["digest"]


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_vectors_in_a_separate_file_decide(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: type[np.floating]
) -> None:
    path, out = write_traces(tmp_path / "traces.jsonl"), tmp_path / "out"
    rows = save(tmp_path / "rows.npy", TEXTS, kind)
    fresh = save(tmp_path / "fresh.npy", FRESH, kind)
    call = ["fit", path, "--target", "90%", "--out", out, "-o", "json"]
    (found,) = run(capsys, *call, "--vectors", rows)
    assert found["certificate"]["coverage"] > 0.6
    inputs = write_inputs(tmp_path / "inputs")
    decisions = run(capsys, "predict", out, inputs, "--vectors", fresh)
    check(decisions)
    assert not open_bundle(out).costly
    within = vectors_of(FRESH).astype(kind).tolist()
    objects = write_inputs(tmp_path / "objects", vector=within)
    assert run(capsys, "predict", out, objects) == decisions


def test_vectors_in_the_traces_give_the_same_bundle_as_vectors_in_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beside = write_traces(tmp_path / "beside.jsonl")
    within = write_traces(tmp_path / "within.jsonl", vector=vectors_of(TEXTS).tolist())
    rows = save(tmp_path / "rows.npy", TEXTS, np.float32)
    digests = []
    for name, options in ((beside, ["--vectors", rows]), (within, [])):
        out = tmp_path / name.stem
        call = ["fit", name, "--target", "90%", "--out", out, "-o", "json", *options]
        (found,) = run(capsys, *call)
        digests.append(found["digest"])
    assert digests[0] == digests[1]


def test_a_bundle_on_vectors_is_not_served_because_requests_have_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = write_traces(tmp_path / "traces.jsonl"), tmp_path / "out"
    rows = save(tmp_path / "rows.npy", TEXTS, np.float32)
    call = ["fit", path, "--target", "90%", "--out", out, "-o", "json"]
    run(capsys, *call, "--vectors", rows)
    with pytest.raises(DocumentError, match="fit it with --embedder"):
        open_bundle(out).require_text_only()
    serve = ["serve", str(out), "--teacher", "http://127.0.0.1:9/v1", "--port", "0"]
    assert main(serve) == 1
    assert "a request has none" in capsys.readouterr().err
    inputs = write_inputs(tmp_path / "inputs")
    assert main(["predict", str(out), str(inputs)]) == 2
    assert f"{inputs}:1: the bundle was trained on vectors" in capsys.readouterr().err


def _short(folder: Path) -> list[object]:
    return ["--vectors", save(folder / "v.npy", TEXTS[:-1], np.float32)]


def _long(folder: Path) -> list[object]:
    return ["--vectors", save(folder / "v.npy", [*TEXTS, "more"], np.float32)]


def _whole_numbers(folder: Path) -> list[object]:
    np.save(folder / "v.npy", np.zeros((len(TEXTS), 3), np.int64))
    return ["--vectors", folder / "v.npy"]


def _infinite(folder: Path) -> list[object]:
    rows = vectors_of(TEXTS)
    rows[4, 0] = np.inf
    np.save(folder / "v.npy", rows)
    return ["--vectors", folder / "v.npy"]


def _pickled(folder: Path) -> list[object]:
    np.save(folder / "v.npy", np.array([print], dtype=object))
    return ["--vectors", folder / "v.npy"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (_short, "traces.jsonl:600: "),
        (_long, "has 601 rows for 600 lines"),
        (_whole_numbers, "not a matrix of floating-point numbers"),
        (_infinite, "traces.jsonl:5: row 5 of"),
        (_pickled, "not a .npy file of numbers"),
        (lambda folder: ["--vectors", folder / "absent.npy"], "absent.npy: No such"),
        (lambda folder: ["--embedder", folder / "absent"], "no sentence encoder in"),
        (lambda _: ["--embedder-url", "http://127.0.0.1:9/v1"], "--embedder-model"),
        (
            lambda _: ["--embedder-url", "file:///etc", "--embedder-model", "m"],
            "--embedder-url file:///etc: must be an http",
        ),
    ],
)
def test_an_unusable_encoder_or_vector_file_is_reported_before_an_attempt_is_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: Any, why: str
) -> None:
    path = write_traces(tmp_path / "traces.jsonl")
    call = ["fit", path, "--target", "90%", "--out", tmp_path / "out"]
    assert main(list(map(str, [*call, *options(tmp_path)]))) == 2
    assert why in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


def test_an_endpoint_that_does_not_answer_uses_no_attempt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_traces(tmp_path / "traces.jsonl")
    options = ["--embedder-url", "http://127.0.0.1:9/v1", "--embedder-model", "m"]
    call = ["fit", str(path), "--target", "90%", "--out", str(tmp_path / "out")]
    assert main([*call, *options]) == 1
    assert "no embedding from http://127.0.0.1:9/v1" in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


def test_the_error_names_a_trace_without_a_vector_among_traces_with_vectors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    within = vectors_of(TEXTS).tolist()
    within[2] = None
    path = write_traces(tmp_path / "traces.jsonl", vector=within)
    call = ["fit", str(path), "--target", "90%", "--out", str(tmp_path / "out")]
    assert main(call) == 2
    assert f"{path}:3: has no vector, but the first trace" in capsys.readouterr().err


def test_an_encoder_keeps_its_identity_in_the_ledger(tmp_path: Path) -> None:
    folder = write_onnx_folder(tmp_path / "encoder", TEXTS[:2])
    content = (folder / "model.onnx").read_bytes()
    content += (folder / "tokenizer.json").read_bytes()
    with embeddings_endpoint() as endpoint:
        named = parse_encoder_names(folder, endpoint.url, "small")
    assert named.identities == (sha256_digest(content), f"{endpoint.url} small")
    assert [encoder.kind for encoder in named.encoders] == ["sentence", "endpoint"]
