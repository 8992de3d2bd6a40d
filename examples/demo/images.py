"""Builds the three images and loads them; a second run takes seconds.

With `CLUSTER=current` the images are expected at `IMAGE_REGISTRY`, pushed beforehand.
"""

import os
import re
from dataclasses import dataclass

from typing_extensions import override

from examples.demo.cluster import Cluster, connect
from examples.demo.terminal import DemoFailed, say
from scripts.image_context import IMAGES, ROOT, prepare

__all__ = ["Reference", "build_images"]

_REPOSITORIES = {
    "operator": "tracer-operator",
    "runtime": "tracer-runtime",
    "teacher": "recorded-teacher",
}
_TAG = "0.1.0"


@dataclass(frozen=True, slots=True)
class Reference:
    """An image as manifests name it."""

    repository: str
    """Registry and repository."""
    digest: str
    """Digest, as ``sha256:HEX``; empty when only the tag is known."""

    @override
    def __str__(self) -> str:
        """Give the reference as a container writes it."""
        if self.digest:
            return f"{self.repository}@{self.digest}"
        return f"{self.repository}:{_TAG}"


def build_images(cluster: Cluster) -> dict[str, Reference]:
    """Give the references of ``operator``, ``runtime`` and ``teacher``, in place."""
    if not cluster.own:
        return _pushed_images()
    return {name: _build(cluster, name) for name in IMAGES}


def _build(cluster: Cluster, name: str) -> Reference:
    context = ROOT / "build" / "images" / name
    prepare(name, context)
    repository = f"localhost/{_REPOSITORIES[name]}"
    said = cluster.devcluster(
        "build-image",
        f"--file={ROOT / IMAGES[name].dockerfile}",
        f"--context={context}",
        "--base=localhost/python",
        f"--tag={repository}:{_TAG}",
        "--load",
    )
    digest = re.search(r"sha256:[0-9a-f]{64}", said)
    if digest is None:
        raise DemoFailed(f"build-image did not say a digest for {name}: {said!r}")
    say(f"image {repository}: {digest.group()[:19]}")
    return Reference(repository, digest.group())


def _pushed_images() -> dict[str, Reference]:
    registry = os.environ.get("IMAGE_REGISTRY", "").rstrip("/")
    if not registry:
        raise DemoFailed(
            "CLUSTER=current needs IMAGE_REGISTRY=REGISTRY/PATH, images pushed: "
            "see docs/how-to/install-on-existing-cluster.md"
        )
    return {
        name: Reference(f"{registry}/{repository}", "")
        for name, repository in _REPOSITORIES.items()
    }


if __name__ == "__main__":
    build_images(connect())
