"""`predict`: one JSON line per input, with the decisions of the data plane."""

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from support.serving_plane import ANYBODY, settings_for
from support.serving_teacher import teaching
from support.ticket_bundle import chat_about, ticket_bundle
from tracer_bentos.redaction.redactor import build_redactor
from tracer_bentos.redaction.standard import StandardRedactor
from tracer_bentos.serving.server.listeners import Listener
from tracer_bentos.serving.server.standalone import build_standalone_plane
from tracer_bentos.surrogate.surrogate import SurrogatePrediction
from tracer_bentos.training.data.redaction_filter import redact_as_served
from tracer_bentos.training.run.pipeline import TrainingResult
from tracer_cli import main
from tracer_core.contracts.traces import TraceRecord

UNUSUAL = [
    "",
    " ",
    "\t \u00a0\u3000",
    "hello parcel is late today",
    "parcel\u2028is\u2029late\x85courier\x0bnever\x0ccame\x1c\x1d\x1e",
    "hello\raccount is locked again",
    "invoice is wrong\x00\x7f",
    "\ufeffhello password is refused again",
    "PASSWORD İS REFUSED ﬁne straße",
    "cafe\u0301 caf\u00e9 \u202eparcel\u202c",
    "👩‍👩‍👧‍👦 please great service today 🇩🇪 \U0010ffff",
    "hello was charged twice today ann.lee@mail.example.com 030 1234567",
    "key sk-proj-abcdefghijklmnop1234 code never arrives",
    '{"input": "great service"}',
    "\\ud800 thank you so much \\n",
    "我的包裹迟到了 parcel is late",
    "courier never came " * 2_700,
    "x" * 50_000,
]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainingResult]:
    folder = tmp_path_factory.mktemp("predict") / "bundle"
    return folder, ticket_bundle(folder)


def predict(
    capsys: pytest.CaptureFixture[str], *call: object, code: int = 0
) -> tuple[list[dict[str, Any]], str]:
    assert main(["predict", *map(str, call)]) == code
    captured = capsys.readouterr()
    lines = captured.out.split("\n")
    assert lines.pop() == ""
    return [json.loads(line) for line in lines], captured.err


def write_inputs(folder: Path, content: str | bytes, name: str = "inputs") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def objects(texts: list[str], **more: object) -> str:
    return "".join(json.dumps({"input": text, **more}) + "\n" for text in texts)


def as_document(found: SurrogatePrediction) -> dict[str, Any]:
    return {
        "label": found.label,
        "accepted": found.accepted,
        "agreement": found.score,
        "cell": found.cell,
        "stage": found.stage,
    }


def test_a_decision_has_exactly_five_fields(
    bundle: tuple[Path, TrainingResult],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = write_inputs(tmp_path, "hello parcel is late today\n")
    ((decision,), _) = predict(capsys, bundle[0], path)
    assert list(decision) == ["label", "accepted", "agreement", "cell", "stage"]
    assert decision["label"] == decision["cell"] == "delivery"
    assert decision["accepted"] is True
    assert 0.9 < decision["agreement"] < 1


async def test_predict_serving_and_training_decide_unusual_texts_identically(
    bundle: tuple[Path, TrainingResult],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, result = bundle
    decisions, _ = predict(capsys, folder, write_inputs(tmp_path, objects(UNUSUAL)))

    assert result.surrogate
    redactor = StandardRedactor()
    kept = [
        redact_as_served(TraceRecord(input=t, teacher="x"), redactor) for t in UNUSUAL
    ]
    trained = [result.surrogate.decide(row.input) for row in kept if row]
    assert decisions == [as_document(prediction) for prediction in trained]

    async with teaching() as teacher:
        settings = settings_for(teacher.url, tmp_path, access=ANYBODY)
        loaded = build_standalone_plane(settings, folder).surrogate_slot.surrogate
        assert loaded
        first = build_redactor(settings.redaction)
        served = [loaded.decide(first.redact(text)) for text in UNUSUAL]
        assert decisions == [as_document(prediction) for prediction in served]  # type: ignore[arg-type]


async def test_the_data_plane_answers_exactly_the_inputs_that_predict_accepts(
    bundle: tuple[Path, TrainingResult],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    texts = [text for text in UNUSUAL if text.strip()]
    decisions, _ = predict(capsys, bundle[0], write_inputs(tmp_path, objects(texts)))
    expected = [row["label"] if row["accepted"] else None for row in decisions]
    assert None in expected
    assert {"delivery", "login"} < {*expected}
    async with teaching() as teacher, aiohttp.ClientSession() as http:
        settings = settings_for(teacher.url, tmp_path, access=ANYBODY)
        plane = build_standalone_plane(settings, bundle[0])
        traffic = Listener(plane.router, "127.0.0.1", 0, 1.0)
        await plane.start()
        await traffic.start()
        address = f"http://127.0.0.1:{traffic.port}/v1/chat/completions"
        answered = [await _surrogate_answer(http, address, text) for text in texts]
        await traffic.stop()
        await plane.finish()
    assert answered == expected


async def _surrogate_answer(
    http: aiohttp.ClientSession, address: str, text: str
) -> str | None:
    async with http.post(address, json=chat_about(text)) as response:
        document = await response.json()
        by_surrogate = response.headers.get("x-tracer-decision") == "surrogate"
    return document["choices"][0]["message"]["content"] if by_surrogate else None


def test_only_a_newline_ends_a_line(
    bundle: tuple[Path, TrainingResult],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = [text for text in UNUSUAL if text[:1] != "{"]
    plain, _ = predict(capsys, bundle[0], write_inputs(tmp_path, "\n".join(lines)))
    escaped, _ = predict(capsys, bundle[0], write_inputs(tmp_path, objects(lines)))
    assert plain == escaped
    ends, _ = predict(
        capsys, bundle[0], write_inputs(tmp_path, "\n".join([*lines, ""]))
    )
    assert ends == plain
    windows, _ = predict(capsys, bundle[0], write_inputs(tmp_path, "\r\n".join(lines)))
    assert windows == plain


def test_a_decision_is_printed_before_the_next_line_is_read(
    bundle: tuple[Path, TrainingResult],
) -> None:
    call = [sys.executable, "-m", "tracer_cli", "predict", str(bundle[0])]
    pipe = subprocess.PIPE
    with subprocess.Popen(call, stdin=pipe, stdout=pipe) as process:
        assert process.stdin
        assert process.stdout
        labels = []
        for text in (b"parcel is late", b"great service"):
            process.stdin.write(text + b"\n")
            process.stdin.flush()
            labels.append(json.loads(process.stdout.readline())["label"])
        process.stdin.close()
        assert process.wait() == 0
    assert labels == ["delivery", "praise"]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (b'{"input": "torn', "the line: Invalid JSON"),
        (b"{no object", "the line: Invalid JSON"),
        (b'{"text": "a"}', "input: Field required"),
        (b'{"input": 5}', "input: Input should be a valid string"),
        (b'{"input": "a", "vector": ["b"]}', "vector.0: Input should be a valid"),
        (b'{"input": "\\ud800"}', "the line: Invalid JSON"),
        (b"caf\xe9", "byte 4 is not UTF-8; save the file as UTF-8"),
    ],
)
def test_an_unreadable_line_stops_the_command_and_is_named(
    bundle: tuple[Path, TrainingResult],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    line: bytes,
    cause: str,
) -> None:
    path = write_inputs(tmp_path, b"parcel is late\n" + line + b"\ngreat service\n")
    decisions, errors = predict(capsys, bundle[0], path, code=2)
    assert [row["label"] for row in decisions] == ["delivery"]
    assert f"{path}:2: {cause}" in errors
    assert "1 decisions were printed" in errors


def test_a_compressed_file_of_traces_is_decided(
    bundle: tuple[Path, TrainingResult],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = gzip.compress(objects(["parcel is late"], teacher="x", extra=1).encode())
    decisions, _ = predict(
        capsys, bundle[0], write_inputs(tmp_path, content, "t.jsonl.gz")
    )
    assert [row["label"] for row in decisions] == ["delivery"]


def test_an_empty_input_gives_an_empty_output(
    bundle: tuple[Path, TrainingResult],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert predict(capsys, bundle[0], write_inputs(tmp_path, "")) == ([], "")


@pytest.mark.parametrize("absent", ["bundle", "inputs"])
def test_a_missing_file_is_an_input_error(
    bundle: tuple[Path, TrainingResult],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    absent: str,
) -> None:
    missing = tmp_path / "missing"
    call = (missing,) if absent == "bundle" else (bundle[0], missing)
    _, errors = predict(capsys, *call, code=2)
    assert str(missing) in errors
    assert "name a f" in errors


def test_texts_are_redacted_as_the_bundle_requires_or_not_at_all(
    bundle: tuple[Path, TrainingResult],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    foreign = tmp_path / "foreign"
    ticket_bundle(foreign, redaction="standard/2+0123456789abcdef")
    path = write_inputs(tmp_path, "parcel is late, ask ann@example.com")
    _, errors = predict(capsys, foreign, path, code=2)
    assert "redacted by standard/2+0123456789abcdef" in errors
    raw, _ = predict(capsys, foreign, "--redacted", path)
    redacted, _ = predict(capsys, bundle[0], path)
    assert raw[0]["agreement"] != redacted[0]["agreement"]
    inputs = write_inputs(tmp_path, "parcel is late, ask [email]")
    assert predict(capsys, foreign, "--redacted", inputs)[0] == redacted


def test_standard_input_is_read_as_bytes(
    bundle: tuple[Path, TrainingResult],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = b"\xef\xbb\xbfparcel is late\n\xff\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    decisions, errors = predict(capsys, bundle[0], code=2)
    assert [row["label"] for row in decisions] == ["delivery"]
    assert "standard input:2: byte 1 is not UTF-8" in errors
