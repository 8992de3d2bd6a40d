"""Writes images as archives in OCI layout, without a registry or a daemon."""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from devcluster.cache import cache_folder, write_atomically
from devcluster.errors import DevclusterError
from devcluster.layers import Layer, header

CREATED = "2023-11-14T22:13:20Z"
OCI = "application/vnd.oci.image"


@dataclass(frozen=True)
class Image:
    """An image whose archive is in the store."""

    reference: str
    digest: str
    archive: str
    layers: tuple[Layer, ...]
    config: Mapping[str, Any]

    @property
    def pinned(self) -> str:
        """Reference with the digest of the image."""
        return pinned_reference(self.reference, self.digest)


def pinned_reference(reference: str, digest: str) -> str:
    """Return a reference with its tag replaced by a digest."""
    folder, slash, name = reference.rpartition("/")
    return f"{folder}{slash}{name.partition(':')[0]}@{digest}"


def write_image(
    reference: str,
    layers: Iterable[Layer],
    config: Mapping[str, Any],
    archive: Path,
) -> Image:
    """Write an image archive, and a JSON file with the data for a later `FROM`."""
    chosen = tuple(layers)
    configuration = _encoded(_configuration(chosen, config))
    manifest = _encoded(_manifest(chosen, configuration))
    digest = _digest(manifest)
    image = Image(reference, digest, str(archive), chosen, dict(config))
    partial = archive.with_name(f".{archive.name}.{os.getpid()}")
    with tarfile.open(partial, "w") as output:
        _put(output, "oci-layout", _encoded({"imageLayoutVersion": "1.0.0"}))
        _put(output, "index.json", _encoded(_index(image, len(manifest))))
        for blob in (manifest, configuration):
            _put(output, f"blobs/sha256/{_digest(blob)[7:]}", blob)
        for layer in {layer.digest: layer for layer in chosen}.values():
            with layer.blob.open("rb") as content:
                name = f"blobs/sha256/{layer.blob.name}"
                output.addfile(header(name, layer.size), content)
    partial.replace(archive)
    write_atomically(archive.with_suffix(".json"), json.dumps(asdict(image)))
    return image


def read_image(archive: Path) -> Image | None:
    """Return an image that was written earlier, or None if a part is missing."""
    try:
        found = json.loads(archive.with_suffix(".json").read_text())
    except (FileNotFoundError, ValueError):
        return None
    layers = tuple(Layer(**layer) for layer in found.pop("layers"))
    whole = all(layer.blob.exists() for layer in layers)
    return Image(layers=layers, **found) if archive.exists() and whole else None


def archive_identity(archive: Path) -> tuple[str, str]:
    """Return the reference and the digest of the image in an archive."""
    with tarfile.open(archive) as content:
        index = content.extractfile("index.json")
        if index is None:
            raise DevclusterError(
                f"{archive} is not an OCI archive: index.json not found"
            )
        described = json.load(index)["manifests"][0]
    return described["annotations"]["io.containerd.image.name"], described["digest"]


def image_folder() -> Path:
    """Return the folder of archives and blobs."""
    return cache_folder("images")


def _put(output: tarfile.TarFile, name: str, content: bytes) -> None:
    output.addfile(header(name, len(content)), io.BytesIO(content))


def _encoded(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True).encode()


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _configuration(
    layers: tuple[Layer, ...], config: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": CREATED,
        "config": dict(config),
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
        "history": [{"created_by": layer.made_by} for layer in layers],
    }


def _manifest(layers: tuple[Layer, ...], configuration: bytes) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": {
            "mediaType": f"{OCI}.config.v1+json",
            "digest": _digest(configuration),
            "size": len(configuration),
        },
        "layers": [
            {
                "mediaType": f"{OCI}.layer.v1.tar",
                "digest": layer.digest,
                "size": layer.size,
            }
            for layer in layers
        ],
    }


def _index(image: Image, size: int) -> dict[str, Any]:
    described = {
        "mediaType": f"{OCI}.manifest.v1+json",
        "digest": image.digest,
        "size": size,
        "platform": {"architecture": "amd64", "os": "linux"},
        "annotations": {
            "io.containerd.image.name": image.reference,
            "org.opencontainers.image.ref.name": image.reference.rpartition(":")[2],
        },
    }
    return {"schemaVersion": 2, "manifests": [described]}
