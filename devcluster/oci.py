"""Writes images as OCI-layout archives: no registry, no daemon, always the same bytes.

Layers are kept uncompressed as blobs under their digest, so that an image shares
them with the next one and an import has nothing to unpack twice.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from devcluster.cache import cache_folder, sha256_of_file, write_atomically
from devcluster.errors import DevclusterError

EPOCH = 1_700_000_000
CREATED = "2023-11-14T22:13:20Z"
OCI = "application/vnd.oci.image"
OWNER_ID = 65532
"""The user that everything of ours runs as."""


@dataclass(frozen=True)
class Entry:
    """One path of a layer: a folder, a file from disk or from memory, or a link."""

    path: str
    mode: int = 0o755
    source: Path | None = None
    content: bytes | None = None
    link: str | None = None
    owner: int = 0


@dataclass(frozen=True)
class Layer:
    """One layer whose blob is in the store."""

    digest: str
    size: int
    made_by: str


@dataclass(frozen=True)
class Image:
    """One image whose archive is in the store."""

    reference: str
    digest: str
    archive: str
    layers: tuple[Layer, ...]
    config: Mapping[str, Any]

    @property
    def pinned(self) -> str:
        """The reference that can mean no other image."""
        return pinned_reference(self.reference, self.digest)


def pinned_reference(reference: str, digest: str) -> str:
    """Replace the tag of a reference by a digest."""
    folder, slash, name = reference.rpartition("/")
    return f"{folder}{slash}{name.partition(':')[0]}@{digest}"


def entries_below(source: Path, prefix: str) -> Iterable[Entry]:
    """Give everything below a folder, as it is to appear below a prefix."""
    for folder, names, files in os.walk(source):
        names.sort()
        for name in sorted([*names, *files]):
            path = Path(folder, name)
            yield entry_of(path, f"{prefix}/{path.relative_to(source)}")


def entry_of(source: Path, path: str) -> Entry:
    """Give one path as it is on disk, with the permissions git would keep."""
    path = path.strip("/")
    if source.is_symlink():
        return Entry(path, 0o777, link=str(source.readlink()))
    if source.is_dir():
        return Entry(path)
    runs = source.stat().st_mode & 0o100
    return Entry(path, 0o755 if runs else 0o644, source=source)


def write_layer(entries: Iterable[Entry], made_by: str) -> Layer:
    """Write a layer into the store; equal entries give equal bytes."""
    by_path = {entry.path: entry for entry in entries if entry.path}
    for path in list(by_path):
        for parent in list(Path(path).parents)[:-1]:
            by_path.setdefault(str(parent), Entry(str(parent)))
    partial = _blobs() / f".layer.{os.getpid()}.{id(by_path)}"
    with tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(by_path):
            _add(archive, by_path[path])
    digest = sha256_of_file(partial)
    partial.replace(_blobs() / digest)
    return Layer(f"sha256:{digest}", (_blobs() / digest).stat().st_size, made_by)


def write_image(
    reference: str,
    layers: Iterable[Layer],
    config: Mapping[str, Any],
    archive: Path,
) -> Image:
    """Write an image archive and, beside it, what a later `FROM` needs to know."""
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
        for layer in dict.fromkeys(layer.digest[7:] for layer in chosen):
            with (_blobs() / layer).open("rb") as content:
                size = (_blobs() / layer).stat().st_size
                output.addfile(_header(f"blobs/sha256/{layer}", size), content)
    partial.replace(archive)
    write_atomically(archive.with_suffix(".json"), json.dumps(asdict(image)))
    return image


def read_image(archive: Path) -> Image | None:
    """Give an image written earlier, or None when a part of it is gone."""
    try:
        found = json.loads(archive.with_suffix(".json").read_text())
    except (FileNotFoundError, ValueError):
        return None
    layers = tuple(Layer(**layer) for layer in found.pop("layers"))
    whole = all((_blobs() / layer.digest[7:]).exists() for layer in layers)
    return Image(layers=layers, **found) if archive.exists() and whole else None


def archive_identity(archive: Path) -> tuple[str, str]:
    """Give the reference and the digest of the one image in an archive."""
    with tarfile.open(archive) as content:
        index = content.extractfile("index.json")
        if index is None:
            raise DevclusterError(f"{archive} is no OCI archive")
        described = json.load(index)["manifests"][0]
    return described["annotations"]["io.containerd.image.name"], described["digest"]


def image_folder() -> Path:
    """Give the folder that holds archives and blobs."""
    return cache_folder("images")


def _blobs() -> Path:
    return cache_folder("images/blobs")


def _add(archive: tarfile.TarFile, entry: Entry) -> None:
    header = _header(entry.path, 0, entry.mode)
    header.uid = header.gid = entry.owner
    if entry.link is not None:
        header.type, header.linkname = tarfile.SYMTYPE, entry.link
        archive.addfile(header)
    elif entry.source is not None:
        header.size = entry.source.stat().st_size
        with entry.source.open("rb") as content:
            archive.addfile(header, content)
    elif entry.content is not None:
        header.size = len(entry.content)
        archive.addfile(header, io.BytesIO(entry.content))
    else:
        header.type = tarfile.DIRTYPE
        archive.addfile(header)


def _header(name: str, size: int, mode: int = 0o644) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode, header.mtime = size, mode, EPOCH
    return header


def _put(output: tarfile.TarFile, name: str, content: bytes) -> None:
    output.addfile(_header(name, len(content)), io.BytesIO(content))


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
