"""What pods are given of the sentence encoder that a router names.

A bundle carries an ONNX encoder itself, so only training pods mount the folder. An
endpoint is asked by both, each with the key as a mounted file.
"""

from tracer_core.contracts import runtime
from tracer_core.contracts.embedder import NamedEmbedder, NamedEndpoint
from tracer_router.api import Embedder, EmbeddingsEndpoint, OnnxFolder, TracerRouter
from tracer_router.resources.pod import PodParts

__all__ = ["named_embedder", "serving_embedder", "training_embedder"]

_KEY = "/var/run/tracer/embeddings"
_FOLDER = "/var/run/tracer/embedder"


def named_embedder(embedder: Embedder | None) -> NamedEmbedder | None:
    """Give what an attempt is asked to use; the key is the pods' matter."""
    if embedder is None:
        return None
    endpoint = embedder.endpoint
    return NamedEmbedder(
        endpoint=NamedEndpoint(url=endpoint.url, model=endpoint.model)
        if endpoint
        else None,
        volume=_volume(embedder.onnx) if embedder.onnx else None,
    )


def training_embedder(embedder: Embedder | None) -> PodParts:
    """Give what the pods of an attempt need of its encoder."""
    if embedder is None:
        return PodParts({})
    if embedder.onnx is not None:
        return _folder_parts(embedder.onnx)
    return _key_parts(embedder.endpoint)


def serving_embedder(router: TracerRouter, trained: Embedder | None) -> PodParts:
    """Give what data-plane pods need of the encoder that their revision was made with.

    Key and price are those of the spec where it still names this endpoint: a new key
    must reach what is live. Where it names another, what is live keeps its own.
    """
    asked = trained.endpoint if trained else None
    if asked is None:
        return PodParts({})
    surrogate = router.spec.surrogate
    said = surrogate.embedder if surrogate else None
    now = said.endpoint if said else None
    if now is not None and (now.url, now.model) == (asked.url, asked.model):
        asked = now
    parts = _key_parts(asked)
    if asked.price_per_million_tokens is not None:
        parts.values[runtime.EMBEDDINGS_PRICE] = asked.price_per_million_tokens
    return parts


def _key_parts(endpoint: EmbeddingsEndpoint | None) -> PodParts:
    """Give the key as a file. A pod whose Secret is gone starts, and says so."""
    if endpoint is None or endpoint.api_key is None:
        return PodParts({})
    key = endpoint.api_key
    mount = {"name": "embeddings", "mountPath": _KEY, "readOnly": True}
    secret = {"secretName": key.secret_name, "optional": True}
    return PodParts(
        {runtime.EMBEDDINGS_KEY_FILE: f"{_KEY}/{key.key}"},
        (mount,),
        ({"name": "embeddings", "secret": secret},),
    )


def _folder_parts(folder: OnnxFolder) -> PodParts:
    mount = {"name": "embedder", "mountPath": _FOLDER, "readOnly": True}
    if folder.sub_path is not None:
        mount["subPath"] = folder.sub_path
    # Read-only as a volume, too: otherwise its files would be given our group.
    claim = {"claimName": folder.claim_name, "readOnly": True}
    return PodParts(
        {runtime.EMBEDDER_FOLDER: _FOLDER},
        (mount,),
        ({"name": "embedder", "persistentVolumeClaim": claim},),
    )


def _volume(folder: OnnxFolder) -> str:
    return "/".join(filter(None, (folder.claim_name, folder.sub_path)))
