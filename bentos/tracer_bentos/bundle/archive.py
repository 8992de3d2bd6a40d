"""Extraction of a bundle from an exported Bento, which is untrusted input.

Only regular files directly in the bundle folder are extracted, with their content and
their plain names. Links, absolute paths, parent paths, and file modes are ignored.
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

_PATH_IN_ARCHIVE = PurePosixPath("src") / BUNDLE_FOLDER
_MAX_BYTES = 512 * 1024 * 1024
_MAX_MEMBERS = 10_000


def read_bento(archive: bytes, into: Path) -> Path:
    """Extract the bundle of an exported Bento and return its folder.

    Args:
        archive: Content of the exported Bento.
        into: Folder in which the folder of the bundle is created.

    Raises:
        DocumentError: The archive is unreadable, contains no bundle, or is too large.
    """
    folder = into / BUNDLE_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:*") as bento:
            count = _extract(bento, folder)
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError) as error:
        raise DocumentError(f"cannot read the Bento archive: {error}") from error
    if not count:
        raise DocumentError(
            f"the Bento archive contains no files in {_PATH_IN_ARCHIVE}; export the"
            " Bento of a bundle"
        )
    return folder


def _extract(bento: tarfile.TarFile, folder: Path) -> int:
    size = count = 0
    for number, member in enumerate(bento):
        size += member.size
        if number > _MAX_MEMBERS or size > _MAX_BYTES:
            raise DocumentError(
                f"the Bento archive is too large; the limits are {_MAX_BYTES:,} bytes"
                f" and {_MAX_MEMBERS:,} files"
            )
        path = PurePosixPath(member.name)
        if not member.isreg() or path.parent != _PATH_IN_ARCHIVE:
            continue
        content = bento.extractfile(member)
        if content is not None:
            (folder / path.name).write_bytes(content.read())
            count += 1
    return count
