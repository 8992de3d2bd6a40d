"""Verification of a certificate with its bundle and traces detects every change."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.ticket_traces import ticket_rows
from tracer_bentos.training.ledger.offline_ledger import STATE_VARIABLE
from tracer_bentos.verification.statements import COMPARED
from tracer_cli import main
from tracer_core.contracts.certificate import Certificate
from tracer_core.contracts.document import sha256_digest

Lines = list[dict[str, Any]]


def trace_lines(count: int = 600, seed: int = 1) -> Lines:
    """Return traces in sessions of two, so that the seed selects rows."""
    return [
        {
            "input": row.text,
            "teacher": row.label,
            "time": row.time.isoformat() if row.time else None,
            "session": f"s{number // 2}" if number >= count // 2 else None,
            "model": "gpt-test",
        }
        for number, row in enumerate(ticket_rows(count, seed))
    ]


def write(path: Path, lines: Lines) -> Path:
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def fit(folder: Path, traces: Path, out: Path, seed: int = 1, *more: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STATE_VARIABLE, str(folder))
        call = ["fit", str(traces), "--target", "85%", "--out", str(out)]
        assert main([*call, "--seed", str(seed), *more]) == 0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    traces = write(folder / "traces.jsonl", trace_lines())
    fit(folder / "state", traces, folder / "bundle")
    fit(folder / "other-state", traces, folder / "another", seed=2)
    return folder


def copy_files(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "copy")
    return tmp_path / "copy"


def refuted(folder: Path, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Verify the files of a folder and return the refuted statements."""
    capsys.readouterr()
    call = [str(folder / name) for name in ("certificate.json", "bundle")]
    code = main(["verify", *call, str(folder / "traces.jsonl"), "-o", "json"])
    verdict = json.loads(capsys.readouterr().out)
    failed = {s["name"] for s in verdict["statements"] if not s["holds"]}
    assert (code, verdict["holds"]) == (3 if failed else 0, not failed)
    return failed


def take_certificate(folder: Path) -> None:
    shutil.copy(folder / "bundle" / "certificate.json", folder)


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Edit the certificate, also in the bundle, and update all digests."""
    path = folder / "bundle" / "certificate.json"
    certificate = json.loads(path.read_bytes())
    change(certificate)
    path.write_text(json.dumps(certificate))
    update_digests(folder)


def update_digests(folder: Path) -> None:
    bundle = folder / "bundle"
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    for name in manifest["files"]:
        manifest["files"][name] = sha256_digest((bundle / name).read_bytes())
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    take_certificate(folder)


def test_a_fitted_bundle_is_verified(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    bundle = made / "bundle"
    call = [str(bundle / "certificate.json"), str(bundle), str(made / "traces.jsonl")]
    assert main(["verify", *call]) == 0
    text = capsys.readouterr().out
    assert text.splitlines()[-1].startswith("yes: the certificate follows")
    assert "note  not verified: that this was attempt 1" in text


def test_every_field_is_compared_or_a_term() -> None:
    terms = {"task", "target", "confidence", "attempt", "level", "budget", "strict"}
    about = {"version", "seed", "code", "rows"}
    compared = {field for fields in COMPARED.values() for field in fields}
    assert compared | terms | about == set(Certificate.model_fields)


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[500].update(teacher="spam"),
        lambda lines: lines[3].update(input="Hello parcel is lost"),
        lambda lines: lines[599].update(model="gpt-other"),
        lambda lines: lines.pop(10),
        lambda lines: lines.pop(),
        lambda lines: lines.append(dict(lines[0])),
    ],
)
def test_traces_that_differ_in_one_row_are_detected(
    change: Callable[[Lines], object],
    made: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = copy_files(made, tmp_path)
    take_certificate(folder)
    lines = trace_lines()
    change(lines)
    write(folder / "traces.jsonl", lines)
    assert "rows" in refuted(folder, capsys)


def test_the_order_and_the_files_of_the_traces_do_not_matter(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_files(made, tmp_path)
    take_certificate(folder)
    (folder / "traces.jsonl").unlink()
    (folder / "traces.jsonl").mkdir()
    write(folder / "traces.jsonl" / "b.jsonl", trace_lines()[:200][::-1])
    write(folder / "traces.jsonl" / "a.jsonl", trace_lines()[200:])
    assert refuted(folder, capsys) == set()


def test_the_bundle_of_another_run_is_detected(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_files(made, tmp_path)
    take_certificate(folder)
    shutil.rmtree(folder / "bundle")
    (folder / "another").rename(folder / "bundle")
    assert "bundle" in refuted(folder, capsys)


@pytest.mark.parametrize(
    ("change", "statement"),
    [
        (lambda c: c.update(k=c["k"] + 1), "counts"),
        (lambda c: c.update(n=c["n"] - 1), "counts"),
        (lambda c: c.update(m=1), "counts"),
        (lambda c: c.update(threshold=c["threshold"] / 2), "chain"),
        (lambda c: c["chain"][0].update(k=c["chain"][0]["k"] + 1), "chain"),
        (lambda c: c["chain"][0].update(threshold=0.999999), "chain"),
        (lambda c: c["chain"].pop(), "chain"),
        (lambda c: c.update(steps=c["steps"] - 1), "chain"),
        (lambda c: c.update(pValue=c["pValue"] / 2), "chain"),
        (lambda c: c.update(coverage=1.0), "coverage"),
        (lambda c: c.update(coverageLow=c["coverageLow"] + 0.01), "coverage"),
        (lambda c: c["cells"][0].update(badge=not c["cells"][0]["badge"]), "cells"),
        (lambda c: c["badges"].update(floor=0.99), "cells"),
        (lambda c: c.update(teacher=["gpt-better"]), "teacher"),
        (lambda c: c.update(model="sha256:00"), "bundle"),
        (lambda c: c.update(level=0.05), "terms"),
        (lambda c: c.update(attempt=0), "test"),
        (lambda c: c.update(target=0.95), "sentence"),
        (lambda c: c.update(seed=5), "certify rows"),
        (lambda c: c["rows"].update(share=0.4), "certify rows"),
        (lambda c: c["rows"].update(share=0.1), "terms"),
        (lambda c: c["rows"].update(share=-1), "terms"),
        (lambda c: c["rows"].update(share=1e308), "terms"),
        (lambda c: c["rows"].update(after="2026-11-01T00:08:00Z"), "certify rows"),
        (lambda c: c["rows"].update(count=599), "rows"),
        (lambda c: c.update(sentence=c["sentence"].replace("0.85", "0.8")), "sentence"),
        (lambda c: c.update(caveats=[]), "sentence"),
        (lambda c: c.update(trainRows=900), "certify rows"),
    ],
)
def test_an_edited_certificate_is_detected_despite_updated_digests(
    change: Callable[[dict[str, Any]], object],
    statement: str,
    made: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = copy_files(made, tmp_path)
    edit(folder, change)
    assert statement in refuted(folder, capsys)


def test_an_edited_copy_beside_an_unchanged_bundle_is_detected(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_files(made, tmp_path)
    certificate = json.loads((folder / "bundle" / "certificate.json").read_bytes())
    edited = {**certificate, "seed": 5}
    (folder / "certificate.json").write_text(json.dumps(edited))
    assert "bundle" in refuted(folder, capsys)


def test_a_bundle_with_a_lower_threshold_is_detected_despite_updated_digests(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_files(made, tmp_path)
    path = folder / "bundle" / "surrogate.json"
    settings = json.loads(path.read_bytes())
    settings["threshold"] = 0.01
    path.write_text(json.dumps(settings))
    edit(folder, lambda certificate: certificate)
    assert "bundle" in refuted(folder, capsys)


def test_weights_of_another_model_are_detected_despite_updated_digests(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_files(made, tmp_path)
    path = folder / "bundle" / "expert-0.npz"
    with np.load(path) as loaded:
        arrays = dict(loaded)
    for name in ("weights", "steps"):
        if name in arrays:
            arrays[name] = arrays[name][::-1].copy()
    np.savez(path, allow_pickle=False, **arrays)
    update_digests(folder)
    assert "bundle" in refuted(folder, capsys)


def test_a_flipped_bit_in_the_bundle_is_detected(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_files(made, tmp_path)
    take_certificate(folder)
    path = folder / "bundle" / "surrogate.json"
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    assert refuted(folder, capsys) == {"bundle"}


def test_embeddings_of_the_traces_are_required_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = trace_lines()
    topics = sorted({line["teacher"] for line in lines})
    vectors = np.random.default_rng(2).normal(scale=0.1, size=(600, 8))
    for row, line in enumerate(lines):
        vectors[row, topics.index(line["teacher"])] += 1
    np.save(tmp_path / "vectors.npy", vectors.astype(np.float32))
    traces = write(tmp_path / "traces.jsonl", lines)
    options = ["--vectors", str(tmp_path / "vectors.npy")]
    fit(tmp_path / "state", traces, tmp_path / "bundle", 1, *options)
    bundle = tmp_path / "bundle"
    call = ["verify", str(bundle / "certificate.json"), str(bundle), str(traces)]
    assert main([*call, *options]) == 0
    assert main(call) == 2
    assert "pass the same file with --vectors" in capsys.readouterr().err
    np.save(tmp_path / "vectors.npy", vectors[::-1].astype(np.float32))
    assert main([*call, *options]) == 3


def test_a_second_attempt_without_times_is_verified_with_its_used_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    timeless = [
        {"input": line["input"], "teacher": line["teacher"]}
        for line in [*trace_lines(), *trace_lines(seed=2)]
    ]
    write(tmp_path / "first.jsonl", timeless[:600])
    write(tmp_path / "traces.jsonl", timeless)
    fit(tmp_path / "state", tmp_path / "first.jsonl", tmp_path / "first")
    fit(tmp_path / "state", tmp_path / "traces.jsonl", tmp_path / "bundle")
    take_certificate(tmp_path)
    certificate = json.loads((tmp_path / "certificate.json").read_bytes())
    assert (certificate["attempt"], "seen" in certificate["rows"]) == (2, True)
    assert refuted(tmp_path, capsys) == set()
    # A bundle that states that no row was used before.
    (tmp_path / "bundle" / "seen.bin").write_bytes(b"")
    edit(tmp_path, lambda c: c["rows"].update(seen=sha256_digest(b"")))
    assert "test" in refuted(tmp_path, capsys)


def test_unreadable_traces_are_reported_by_file_and_line(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "torn.jsonl").write_text("{torn")
    bundle = made / "bundle"
    call = [str(bundle / "certificate.json"), str(bundle), str(tmp_path)]
    assert main(["verify", *call]) == 2
    assert "torn.jsonl:1: line: Invalid JSON" in capsys.readouterr().err


def test_a_refuted_statement_shows_the_first_difference(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_files(made, tmp_path)
    edit(folder, lambda c: c.update(sentence=c["sentence"].replace("0.85", "0.8")))
    call = [str(folder / name) for name in ("certificate.json", "bundle")]
    assert main(["verify", *call, str(folder / "traces.jsonl")]) == 3
    text = capsys.readouterr().out
    assert "stated traffic is below 0.8 with" in text
    assert "computed traffic is below 0.85 with" in text
    assert text.splitlines()[-1] == "no: sentence"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("x.json", "bundle", "traces.jsonl"), "x.json: No such file"),
        (("traces.jsonl", "bundle", "traces.jsonl"), "name the certificate.json of"),
        (("bundle/certificate.json", "x", "traces.jsonl"), "no bundle at"),
        (("bundle/certificate.json", "bundle", "x"), "no traces at"),
    ],
)
def test_a_missing_input_is_an_input_error_and_not_a_verdict(
    names: tuple[str, ...],
    message: str,
    made: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    capsys.readouterr()
    assert main(["verify", *(str(made / name) for name in names)]) == 2
    assert message in capsys.readouterr().err
