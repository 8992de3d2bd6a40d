"""A bundle on disk: exact, addressed by content, and without text of the traffic."""

import io
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from support.ticket_traces import ticket_rows
from tracer_bentos.bundle.bundle import load_bundle, write_bundle
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.rows import select_rows
from tracer_bentos.training.fit.golden import GOLDEN_TEXTS, golden_samples
from tracer_bentos.training.fit.training_context import local_training_context
from tracer_bentos.training.run.pipeline import TrainingResult, train
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.store.bundle import BundleManifest
from tracer_core.errors import DocumentError

TEXTS = [row.text for row in ticket_rows(300, seed=9)]


@pytest.fixture(scope="module")
def learned() -> TrainingResult:
    parameters = AttemptParameters(
        attempt=1, target=0.9, confidence=0.95, level=0.025, minimum=1, seed=1
    )
    return train(parameters, select_rows(ticket_rows(600)), local_training_context())


@pytest.fixture
def bundle(learned: TrainingResult, tmp_path: Path) -> tuple[Path, BundleManifest]:
    return tmp_path / "b", _write(learned, tmp_path / "b")


def _write(learned: TrainingResult, folder: Path) -> BundleManifest:
    assert learned.surrogate is not None
    assert learned.certificate is not None
    samples = golden_samples(learned.surrogate)
    return write_bundle(folder, learned.surrogate, learned.certificate, samples)


def test_a_loaded_bundle_decides_bit_for_bit_as_the_certified_surrogate(
    learned: TrainingResult, bundle: tuple[Path, BundleManifest]
) -> None:
    folder, manifest = bundle
    predictor = load_bundle(folder, manifest.digest)
    predictor.verify_golden()
    assert learned.surrogate is not None
    assert [predictor.decide(text) for text in TEXTS] == learned.surrogate.decide_all(
        TEXTS
    )
    assert predictor.certificate == learned.certificate


def test_the_same_surrogate_has_the_same_digest(
    learned: TrainingResult, bundle: tuple[Path, BundleManifest], tmp_path: Path
) -> None:
    assert _write(learned, tmp_path / "again").digest == bundle[1].digest


def test_no_file_contains_a_word_of_the_traces(
    bundle: tuple[Path, BundleManifest],
) -> None:
    # The static embedder is that of the public package, the same in every bundle.
    trained = (path for path in bundle[0].iterdir() if "static" not in path.name)
    content = b"".join(path.read_bytes() for path in trained)
    words = {word for row in ticket_rows(600) for word in row.text.split()}
    golden = " ".join(GOLDEN_TEXTS).casefold()
    private = [w for w in words if len(w) > 5 and w not in golden]
    assert private
    assert [w for w in private if w.encode() in content] == []


@pytest.mark.parametrize(
    "name", ["expert-0.npz", "surrogate.json", "golden.json", "certificate.json"]
)
def test_a_changed_byte_is_detected(
    bundle: tuple[Path, BundleManifest], name: str
) -> None:
    folder, manifest = bundle
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(DocumentError, match=f"{name} differs from the digest"):
        load_bundle(folder, manifest.digest)


def test_a_file_without_a_digest_in_the_manifest_is_rejected(
    bundle: tuple[Path, BundleManifest],
) -> None:
    folder, manifest = bundle
    (folder / "extra.py").write_text("print('hello')")
    with pytest.raises(DocumentError, match=r"unknown files: extra\.py"):
        load_bundle(folder, manifest.digest)


def test_a_bundle_with_another_digest_is_rejected(
    bundle: tuple[Path, BundleManifest],
) -> None:
    with pytest.raises(DocumentError, match=r"has digest sha256:.*, expected sha256:0"):
        load_bundle(bundle[0], "sha256:0")


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no bundle in"):
        load_bundle(tmp_path / "absent", "sha256:0")


def test_a_pickle_in_place_of_an_array_is_not_loaded(
    bundle: tuple[Path, BundleManifest],
) -> None:
    folder, manifest = bundle
    target = io.BytesIO()
    np.savez(target, hashes=np.array([print, {}], dtype=object))
    digest = _replace(folder, manifest, "expert-0.npz", target.getvalue())
    with pytest.raises(DocumentError, match="cannot read the arrays"):
        load_bundle(folder, digest)


def test_a_bundle_with_the_first_stage_format_of_older_versions_is_rejected(
    bundle: tuple[Path, BundleManifest],
) -> None:
    folder, manifest = bundle
    settings = json.loads((folder / "surrogate.json").read_bytes())
    settings["stages"][0]["sure"] = 0.97
    content = json.dumps(settings).encode()
    digest = _replace(folder, manifest, "surrogate.json", content)
    with pytest.raises(DocumentError, match="unsupported first-stage format"):
        load_bundle(folder, digest)


def test_the_self_check_fails_if_a_golden_vector_differs(
    bundle: tuple[Path, BundleManifest],
) -> None:
    folder, manifest = bundle
    golden = json.loads((folder / "golden.json").read_bytes())
    golden["vectors"][1]["score"] += 1e-9
    digest = _replace(folder, manifest, "golden.json", json.dumps(golden).encode())
    predictor = load_bundle(folder, digest)
    with pytest.raises(DocumentError, match="golden vector 2/10 differs"):
        predictor.verify_golden()


def test_a_bundle_is_never_overwritten(
    learned: TrainingResult, bundle: tuple[Path, BundleManifest]
) -> None:
    with pytest.raises(DocumentError, match="never overwritten"):
        _write(learned, bundle[0])


def test_serving_a_bundle_imports_neither_scikit_learn_nor_scipy() -> None:
    probe = (
        "import sys, tracer_bentos.bundle.bundle;"
        " sys.exit(any(name in sys.modules for name in ('sklearn', 'scipy')))"
    )
    subprocess.run([sys.executable, "-c", probe], check=True)


def test_onnxruntime_is_loaded_only_by_a_bundle_that_needs_it() -> None:
    probe = (
        "import sys, tracer_bentos.serving.server.app, tracer_bentos.bundle.bundle,"
        " tracer_bentos.training.run.job; sys.exit('onnxruntime' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", probe], check=True)


def test_a_decision_takes_less_than_one_millisecond(
    bundle: tuple[Path, BundleManifest],
) -> None:
    predictor = load_bundle(bundle[0], bundle[1].digest)
    text = "hello parcel is late and the courier never came " * 4
    times = []
    for _ in range(200):
        begin = time.perf_counter()
        predictor.decide(text)
        times.append(time.perf_counter() - begin)
    # The minimum, because other work on the machine only adds time.
    assert min(times) < 0.001


def _replace(folder: Path, manifest: BundleManifest, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    files = {**manifest.files, name: sha256_digest(content)}
    changed = manifest.model_copy(update={"files": files})
    (folder / "manifest.json").write_bytes(changed.to_json())
    return changed.digest
