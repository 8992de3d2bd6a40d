"""Which images were built here, under which tags, and what of them is still needed."""

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
"""Held by whoever writes images: nothing half written may look unneeded."""


def base_image(name: str) -> Image | None:
    """Give the image that FROM names; None is the empty one.

    Raises:
        DockerfileError: when nothing of that name was built here.
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
            f"FROM {name}: no image of that name was built here; "
            f"--base {PYTHON} takes the Python of this machine"
        )
    return found


def tag_image(tag: str, image: Image) -> None:
    """Let a tag mean an image from now on."""
    write_atomically(_record_of(tag), image.archive)


def forget_unneeded() -> None:
    """Remove built images that no tag means any longer, and layers in no image."""
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
