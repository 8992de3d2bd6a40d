"""The registry of encoders: the only module that names a kind of encoder."""

import ast
from pathlib import Path

import pytest

import tracer_bentos
from support.onnx_folder import write_onnx_folder
from tracer_bentos.surrogate.encoders.endpoint import EndpointEncoder
from tracer_bentos.surrogate.encoders.onnx import OnnxEncoder
from tracer_bentos.surrogate.encoders.precomputed import PrecomputedEncoder
from tracer_bentos.surrogate.encoders.registry import (
    build_encoder,
    default_encoders,
    open_encoder,
)
from tracer_core.contracts.embedder import NamedEmbedder, NamedEndpoint
from tracer_core.errors import DocumentError

PACKAGE = Path(tracer_bentos.__file__).parent
ENCODERS = PACKAGE / "surrogate/encoders"


def names_an_encoder(path: Path) -> bool:
    imports = (
        node
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("tracer_bentos.surrogate.encoders.")
    )
    return any(
        alias.name.endswith("Encoder") for node in imports for alias in node.names
    )


def test_only_the_registry_imports_a_kind_of_encoder() -> None:
    importers = [path for path in PACKAGE.rglob("*.py") if names_an_encoder(path)]
    assert importers == [ENCODERS / "registry.py"]


def test_every_attempt_tries_the_static_embedder_and_the_vectors_of_its_rows() -> None:
    assert [encoder.kind for encoder in default_encoders()] == ["static"]
    static, given = default_encoders(48)
    assert (static.kind, given) == ("static", PrecomputedEncoder(48))


def test_a_named_encoder_is_opened_for_training(tmp_path: Path) -> None:
    endpoint = NamedEndpoint(url="http://127.0.0.1:9/v1", model="small")
    assert open_encoder(NamedEmbedder(endpoint=endpoint), None) == EndpointEncoder(
        endpoint.url, "small", retries=True
    )
    folder = write_onnx_folder(tmp_path / "encoder", ["parcel is late"])
    opened = open_encoder(NamedEmbedder(volume="encoders/minilm"), folder)
    assert opened == OnnxEncoder.from_folder(folder)


def test_a_named_encoder_without_a_folder_is_rejected() -> None:
    with pytest.raises(DocumentError, match="no folder with the files"):
        open_encoder(NamedEmbedder(volume="encoders/minilm"), None)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        pytest.param("unknown", {}, id="unknown kind"),
        pytest.param("sentence", {}, id="missing file"),
        pytest.param("endpoint", {"url": "http://127.0.0.1:9/v1"}, id="no model"),
        pytest.param("given", {"dimensions": "many"}, id="invalid length"),
    ],
)
def test_an_encoder_that_a_bundle_does_not_describe_completely_is_rejected(
    kind: str, settings: dict[str, str]
) -> None:
    with pytest.raises(DocumentError, match=f"cannot build the encoder '{kind}'"):
        build_encoder(kind, {}, settings)
