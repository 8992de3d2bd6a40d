"""Builds the three images and loads them; a second run takes seconds.

With `CLUSTER=current`, the images must already be pushed to `IMAGE_REGISTRY`.
"""

import os
import re
from dataclasses import dataclass

from typing_extensions import override

from examples.demo.cluster import Cluster, connect
from examples.demo.terminal import DemoFailed, log
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
    """The reference of an image in a manifest."""

    repository: str
    """Registry and repository."""
    digest: str
    """Digest, as ``sha256:HEX``; empty if only the tag is known."""

    @override
    def __str__(self) -> str:
        """Return the reference in the form of `spec.containers[].image`."""
        if self.digest:
            return f"{self.repository}@{self.digest}"
        return f"{self.repository}:{_TAG}"


def build_images(cluster: Cluster) -> dict[str, Reference]:
    """Return the references of the images operator, runtime, and teacher."""
    if not cluster.own:
        return _pushed_images()
    return {name: _build(cluster, name) for name in IMAGES}


def _build(cluster: Cluster, name: str) -> Reference:
    context = ROOT / "build" / "images" / name
    prepare(name, context)
    repository = f"localhost/{_REPOSITORIES[name]}"
    output = cluster.devcluster(
        "build-image",
        f"--file={ROOT / IMAGES[name].dockerfile}",
        f"--context={context}",
        "--base=localhost/python",
        f"--tag={repository}:{_TAG}",
        "--load",
    )
    digest = re.search(r"sha256:[0-9a-f]{64}", output)
    if digest is None:
        raise DemoFailed(f"build-image printed no digest for {name}: {output!r}")
    log(f"image {repository}: {digest.group()[:19]}")
    return Reference(repository, digest.group())


def _pushed_images() -> dict[str, Reference]:
    registry = os.environ.get("IMAGE_REGISTRY", "").rstrip("/")
    if not registry:
        raise DemoFailed(
            "CLUSTER=current requires IMAGE_REGISTRY=REGISTRY/PATH and pushed images; "
            "see docs/how-to/install-on-existing-cluster.md"
        )
    return {
        name: Reference(f"{registry}/{repository}", "")
        for name, repository in _REPOSITORIES.items()
    }


if __name__ == "__main__":
    build_images(connect())
