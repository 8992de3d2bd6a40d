"""Images built on this machine: their tags, and deletion of unused files."""

import json
from pathlib import Path

from devcluster.cache import cache_folder, write_atomically
from devcluster.errors import DockerfileError
from devcluster.layers import blob_folder
from devcluster.oci import Image, image_folder, read_image
from devcluster.python_root import REFERENCE as PYTHON
from devcluster.python_root import python_image

SCRATCH = "scratch"
LOCK = "images"
"""Name of the lock for writing images, so that no partial image is deleted."""


def base_image(name: str) -> Image | None:
    """Return the image of FROM, or None for the empty image.

    Raises:
        DockerfileError: No image with this name was built on this machine.
    """
    if name == SCRATCH:
        return None
    if name.partition(":")[0] == PYTHON:
        return python_image()
    record = _record_of(name)
    archive = Path(record.read_text()) if record.exists() else Path(name)
    found = read_image(archive)
    if found is None:
        raise DockerfileError(
            f"FROM {name}: no image with this name was built on this machine; "
            f"build it first, or use the Python of this machine with --base {PYTHON}"
        )
    return found


def tag_image(tag: str, image: Image) -> None:
    """Assign a tag to an image."""
    write_atomically(_record_of(tag), image.archive)


def forget_unneeded() -> None:
    """Delete built images without a tag, and layers that are in no image."""
    tagged = {record.read_text() for record in cache_folder("images/tags").iterdir()}
    for archive in image_folder().glob("built-*.tar"):
        if str(archive) not in tagged:
            archive.unlink()
            archive.with_suffix(".json").unlink(missing_ok=True)
    needed = set[str]()
    for described in image_folder().glob("*.json"):
        layers = json.loads(described.read_text())["layers"]
        needed.update(layer["digest"].removeprefix("sha256:") for layer in layers)
    for blob in blob_folder().iterdir():
        if blob.name not in needed:
            blob.unlink()


def _record_of(tag: str) -> Path:
    return cache_folder("images/tags") / tag.replace("/", "_")
