"""The sentence encoder that a router names: request, key, and mounted folder.

A bundle contains an ONNX encoder, so only training pods mount the folder. Data-plane
pods and training pods call an endpoint, both with its key as a mounted file.
"""

from dataclasses import replace

from tracer_core.contracts import runtime
from tracer_core.contracts.embedder import NamedEmbedder, NamedEndpoint
from tracer_router.api import Embedder, EmbeddingsEndpoint, OnnxFolder, TracerRouter
from tracer_router.resources.pod import paths
from tracer_router.resources.pod.parts import PodParts

__all__ = [
    "named_embedder",
    "serving_embedder",
    "serving_endpoint",
    "training_embedder",
]


def named_embedder(embedder: Embedder | None) -> NamedEmbedder | None:
    """Return the encoder as an attempt request names it, without the key."""
    if embedder is None:
        return None
    return NamedEmbedder(
        endpoint=_named_endpoint(embedder.endpoint) if embedder.endpoint else None,
        volume=_volume(embedder.folder) if embedder.folder else None,
    )


def training_embedder(embedder: Embedder | None) -> PodParts:
    """Return what the pods of an attempt mount for its encoder."""
    if embedder is None:
        return PodParts()
    if embedder.folder is not None:
        return _folder_parts(embedder.folder)
    return _key_parts(embedder.endpoint)


def serving_embedder(router: TracerRouter, trained: Embedder | None) -> PodParts:
    """Return what data-plane pods mount for the encoder of their revision.

    Args:
        router: The router.
        trained: The encoder that the revision was trained with.
    """
    return _key_parts(serving_endpoint(router, trained))


def serving_endpoint(
    router: TracerRouter, trained: Embedder | None
) -> EmbeddingsEndpoint | None:
    """Return the endpoint that a revision calls.

    Key and price are those of the spec if it still names this endpoint, because a new
    key must reach the live revision. If the spec names another endpoint, the live
    revision keeps its own.

    Args:
        router: The router.
        trained: The encoder that the revision was trained with.
    """
    used = trained.endpoint if trained else None
    surrogate = router.spec.surrogate
    embedder = surrogate.embedder if surrogate else None
    current = embedder.endpoint if embedder else None
    if used is None or current is None:
        return used
    same = (current.url, current.model) == (used.url, used.model)
    return current if same else used


def _named_endpoint(endpoint: EmbeddingsEndpoint) -> NamedEndpoint:
    # All fields of the contract are fields of the spec with the same name.
    fields = endpoint.model_dump(include=set(NamedEndpoint.model_fields))
    return NamedEndpoint.model_validate(fields)


def _key_parts(endpoint: EmbeddingsEndpoint | None) -> PodParts:
    """Return the key as a file; a pod starts without the Secret and reports it."""
    if endpoint is None or endpoint.api_key is None:
        return PodParts()
    key = endpoint.api_key
    secret = {"secretName": key.secret_name, "optional": True}
    return replace(
        PodParts.mounted("embeddings", paths.EMBEDDINGS_KEY, {"secret": secret}),
        values={runtime.EMBEDDINGS_KEY_FILE: f"{paths.EMBEDDINGS_KEY}/{key.key}"},
    )


def _folder_parts(folder: OnnxFolder) -> PodParts:
    # Read-only as a volume, too: otherwise the kubelet changes the group of its files.
    claim = {"claimName": folder.claim_name, "readOnly": True}
    source = {"persistentVolumeClaim": claim}
    parts = PodParts.mounted("embedder", paths.EMBEDDER, source)
    if folder.sub_path is not None:
        parts.mounts[0]["subPath"] = folder.sub_path
    return parts


def _volume(folder: OnnxFolder) -> str:
    return "/".join(filter(None, (folder.claim_name, folder.sub_path)))
