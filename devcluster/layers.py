"""Writes the layers of images: equal files give equal bytes on any machine.

Layers are stored uncompressed under their digest, so that images can share them and an
import does not unpack them again.
"""

import io
import os
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from devcluster.cache import cache_folder, sha256_of_file

EPOCH = 1_700_000_000
OWNER_ID = 65532
"""ID of the user that all programs of this repository run as."""


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
    """A layer whose blob is in the store."""

    digest: str
    size: int
    made_by: str

    @property
    def blob(self) -> Path:
        """Path of the blob."""
        return blob_folder() / self.digest.removeprefix("sha256:")


def entries_below(source: Path, prefix: str) -> Iterable[Entry]:
    """Yield everything below a folder, with paths below a prefix."""
    for folder, names, files in os.walk(source):
        names.sort()
        for name in sorted([*names, *files]):
            path = Path(folder, name)
            yield entry_of(path, f"{prefix}/{path.relative_to(source)}")


def entry_of(source: Path, path: str) -> Entry:
    """Return a path of the disk as an entry, with the permissions that Git stores."""
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
    partial = blob_folder() / f".layer.{os.getpid()}.{id(by_path)}"
    with tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(by_path):
            _add(archive, by_path[path])
    digest = sha256_of_file(partial)
    partial.replace(blob_folder() / digest)
    return Layer(f"sha256:{digest}", (blob_folder() / digest).stat().st_size, made_by)


def blob_folder() -> Path:
    """Return the folder of all layers."""
    return cache_folder("images/blobs")


def header(name: str, size: int, mode: int = 0o644) -> tarfile.TarInfo:
    """Return the header of a file in an archive, with a constant time."""
    described = tarfile.TarInfo(name)
    described.size, described.mode, described.mtime = size, mode, EPOCH
    return described


def _add(archive: tarfile.TarFile, entry: Entry) -> None:
    described = header(entry.path, 0, entry.mode)
    described.uid = described.gid = entry.owner
    if entry.link is not None:
        described.type, described.linkname = tarfile.SYMTYPE, entry.link
        archive.addfile(described)
    elif entry.source is not None:
        described.size = entry.source.stat().st_size
        with entry.source.open("rb") as content:
            archive.addfile(described, content)
    elif entry.content is not None:
        described.size = len(entry.content)
        archive.addfile(described, io.BytesIO(entry.content))
    else:
        described.type = tarfile.DIRTYPE
        archive.addfile(described)
