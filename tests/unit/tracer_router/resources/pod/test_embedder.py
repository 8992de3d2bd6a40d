"""Settings and mounts of pods for the sentence encoder that a router names."""

import json
from typing import Any

from support.configuration import config_of
from support.manifests import revision_manifest, router_manifest, with_field
from support.world import INSTALLATION
from tracer_router.api import Embedder, TracerRevision, TracerRouter
from tracer_router.resources.data_plane import Served, build_deployment
from tracer_router.resources.manifest import Manifest
from tracer_router.resources.pod.embedder import named_embedder
from tracer_router.resources.training_job import build_training

ENDPOINT = {
    "url": "https://embed.example.com/v1",
    "model": "small",
    "apiKey": {"secretName": "embeddings"},
    "pricePerMillionTokens": "0.02",
}
ONNX = {"claimName": "encoders", "subPath": "minilm"}
KEY = "/var/run/tracer/embeddings"
SECRET = {"secretName": "embeddings", "optional": True}


def router(embedder: dict[str, Any] | None) -> TracerRouter:
    surrogate = None if embedder is None else {"embedder": embedder}
    manifest = router_manifest(surrogate=surrogate)
    metadata = {"name": "tickets", "namespace": "team", "uid": "u"}
    return TracerRouter.model_validate(with_field(manifest, "metadata", metadata))


def job(embedder: dict[str, Any] | None, **attempt: Any) -> Manifest:
    manifest = revision_manifest()
    manifest["spec"]["attempt"] |= {"embedder": embedder, **attempt}
    revision = TracerRevision.model_validate(manifest)
    return build_training(router(None), revision, INSTALLATION)[-1]


def deployment(
    named: dict[str, Any] | None, trained: dict[str, Any] | None
) -> Manifest:
    embedder = Embedder.model_validate(trained) if trained else None
    served = Served(1, "runtime", embedder=embedder)
    return build_deployment(router(named), served, INSTALLATION)


def encoder_parts(manifest: Manifest) -> dict[str, Any]:
    """Return the settings, mounts, and volumes of the pod for the encoder."""
    pod = manifest["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    names = {"embeddings", "embedder"}
    return {
        "env": {
            variable["name"]: variable["value"]
            for variable in container["env"]
            if variable["name"].startswith("TRACER_EMBED")
        },
        "config": json.loads(config_of(container).to_json()).get("embedder", {}),
        "mounts": [m for m in container["volumeMounts"] if m["name"] in names],
        "volumes": [v for v in pod["volumes"] if v["name"] in names],
    }


NOTHING: dict[str, Any] = {"env": {}, "config": {}, "mounts": [], "volumes": []}


def test_the_key_of_an_endpoint_is_mounted_for_both_engines() -> None:
    for engine in ({"engine": "Local"}, {"engine": "Dask", "workers": 2}):
        assert encoder_parts(job({"endpoint": ENDPOINT}, **engine)) == {
            "env": {"TRACER_EMBEDDINGS_KEY_FILE": f"{KEY}/api-key"},
            "config": {},
            "mounts": [{"name": "embeddings", "mountPath": KEY, "readOnly": True}],
            "volumes": [{"name": "embeddings", "secret": SECRET}],
        }


def test_an_endpoint_without_a_key_needs_no_secret() -> None:
    without_key = {"endpoint": {"url": "http://embed/v1", "model": "small"}}
    assert encoder_parts(job(without_key)) == NOTHING
    assert encoder_parts(deployment(without_key, without_key)) == NOTHING


def test_only_training_pods_mount_the_folder_read_only() -> None:
    folder = "/var/run/tracer/embedder"
    claim = {"claimName": "encoders", "readOnly": True}
    assert encoder_parts(job({"onnx": ONNX})) == {
        "env": {},
        "config": {"folder": folder},
        "mounts": [
            {
                "name": "embedder",
                "mountPath": folder,
                "readOnly": True,
                "subPath": "minilm",
            }
        ],
        "volumes": [{"name": "embedder", "persistentVolumeClaim": claim}],
    }
    assert encoder_parts(deployment({"onnx": ONNX}, {"onnx": ONNX})) == NOTHING


def test_without_a_path_the_complete_volume_is_mounted() -> None:
    (mount,) = encoder_parts(job({"onnx": {"claimName": "encoders"}}))["mounts"]
    assert "subPath" not in mount


def test_data_plane_pods_have_key_and_price_of_their_endpoint() -> None:
    named = {"endpoint": ENDPOINT}
    assert encoder_parts(deployment(named, named)) == {
        "env": {"TRACER_EMBEDDINGS_KEY_FILE": f"{KEY}/api-key"},
        "config": {"pricePerMillionTokens": "0.02"},
        "mounts": [{"name": "embeddings", "mountPath": KEY, "readOnly": True}],
        "volumes": [{"name": "embeddings", "secret": SECRET}],
    }


def test_another_embedder_in_the_spec_does_not_change_the_live_revision() -> None:
    trained = {"endpoint": ENDPOINT}
    others: list[dict[str, Any] | None] = [
        None,
        {"onnx": ONNX},
        {"endpoint": {"url": "https://other.example.com/v1", "model": "small"}},
        {"endpoint": {**ENDPOINT, "model": "large", "apiKey": None}},
    ]
    before = deployment(trained, trained)["spec"]
    assert [deployment(other, trained)["spec"] == before for other in others] == [
        True
    ] * 4
    assert encoder_parts(deployment({"endpoint": ENDPOINT}, None)) == NOTHING


def test_a_new_key_and_price_of_the_same_endpoint_reach_the_live_revision() -> None:
    renewed = {
        **ENDPOINT,
        "apiKey": {"secretName": "renewed", "key": "token"},
        "pricePerMillionTokens": "0.01",
    }
    found = encoder_parts(deployment({"endpoint": renewed}, {"endpoint": ENDPOINT}))
    assert found["env"] == {"TRACER_EMBEDDINGS_KEY_FILE": f"{KEY}/token"}
    assert found["config"] == {"pricePerMillionTokens": "0.01"}
    assert found["volumes"][0]["secret"]["secretName"] == "renewed"


def test_a_request_contains_the_encoder_and_not_the_key() -> None:
    request = named_embedder(Embedder.model_validate({"endpoint": ENDPOINT}))
    assert request is not None
    assert request.to_json() == (
        b'{"endpoint":{"model":"small","url":"https://embed.example.com/v1"}}'
    )
    folder = named_embedder(Embedder.model_validate({"onnx": ONNX}))
    assert folder is not None
    assert folder.to_json() == b'{"volume":"encoders/minilm"}'
