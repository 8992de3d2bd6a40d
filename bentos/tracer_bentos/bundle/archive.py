"""The bundle out of an exported Bento, without trusting the archive.

Only regular files that lie directly in the bundle folder are taken, by content, under
their plain names: no link, no absolute or parent path and no mode is ever followed.
"""

import io
import lzma
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from tracer_core.errors import DocumentError

__all__ = ["BUNDLE_FOLDER", "read_bento"]

BUNDLE_FOLDER = "bundle"
"""Folder of the bundle within the service project."""

_WITHIN = PurePosixPath("src") / BUNDLE_FOLDER
_LARGEST_BYTES = 512 * 1024 * 1024
_MOST_MEMBERS = 10_000


def read_bento(archive: bytes, into: Path) -> Path:
    """Take the bundle out of an exported Bento and give its folder.

    Raises:
        DocumentError: It is no Bento archive, holds no bundle or is too large.
    """
    folder = into / BUNDLE_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:*") as bento:
            found = _extract(bento, folder)
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError) as error:
        raise DocumentError(f"the Bento archive cannot be read: {error}") from error
    if not found:
        raise DocumentError(f"the Bento archive holds no {_WITHIN}")
    return folder


def _extract(bento: tarfile.TarFile, folder: Path) -> int:
    size = found = 0
    for number, member in enumerate(bento):
        size += member.size
        if number > _MOST_MEMBERS or size > _LARGEST_BYTES:
            raise DocumentError("the Bento archive is larger than a surrogate can be")
        path = PurePosixPath(member.name)
        if not member.isreg() or path.parent != _WITHIN:
            continue
        content = bento.extractfile(member)
        if content is not None:
            (folder / path.name).write_bytes(content.read())
            found += 1
    return found
