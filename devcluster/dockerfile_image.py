"""Builds an image from a Dockerfile without a daemon, a registry, or running commands.

Equal inputs give equal bytes; a second build with the same inputs returns the first
image.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devcluster.assembly import Assembly
from devcluster.cache import key_of, locked
from devcluster.copying import Context
from devcluster.dockerfile import parse
from devcluster.image_store import LOCK, forget_unneeded, tag_image
from devcluster.oci import Image, image_folder, read_image, write_image


@dataclass(frozen=True)
class Order:
    """The parameters of a build."""

    file: Path
    context: Path
    base: str | None
    tag: str
    arguments: Mapping[str, str] = field(default_factory=dict)


def build_image(order: Order) -> Image:
    """Build an image, or return the existing image for equal inputs."""
    with locked(LOCK):
        assembly = Assembly(Context(order.context), order.base, order.arguments)
        for instruction in parse(order.file.read_text()):
            assembly.apply(instruction)
        archive = image_folder() / f"built-{key_of([order.tag, assembly.key])}.tar"
        image = read_image(archive)
        if image is None:
            layers = assembly.layers()
            image = write_image(order.tag, layers, assembly.config, archive)
        tag_image(order.tag, image)
        forget_unneeded()
    return image
