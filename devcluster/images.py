"""Imports image archives into the containerd of a cluster, and lists its images."""

from dataclasses import dataclass
from pathlib import Path

from devcluster.cluster import Cluster
from devcluster.commands import run
from devcluster.oci import Image, archive_identity, pinned_reference


@dataclass(frozen=True)
class Present:
    """One image name in the containerd of a cluster."""

    reference: str
    digest: str
    size: str


def present_images(cluster: Cluster) -> list[Present]:
    """Return the images that pods of the cluster can use."""
    lines = _ctr(cluster, "images", "list").splitlines()[1:]
    # Names that consist only of a digest are internal names of containerd.
    return [_parsed(line) for line in lines if not line.startswith("sha256:")]


def load_archive(cluster: Cluster, archive: Path) -> str:
    """Import an archive if its image does not exist; return its pinned reference."""
    reference, digest = archive_identity(archive)
    return _load(cluster, archive, reference, digest)


def load_image(cluster: Cluster, image: Image) -> str:
    """Import an image if it does not exist; return its pinned reference."""
    return _load(cluster, Path(image.archive), image.reference, image.digest)


def _load(cluster: Cluster, archive: Path, reference: str, digest: str) -> str:
    pinned = pinned_reference(reference, digest)
    known = {(image.reference, image.digest) for image in present_images(cluster)}
    if {(reference, digest), (pinned, digest)} <= known:
        return pinned
    if (pinned, digest) not in known:
        _ctr(cluster, "images", "import", str(archive))
        _ctr(cluster, "images", "tag", "--force", reference, pinned)
    else:  # the tag was assigned to another image
        _ctr(cluster, "images", "tag", "--force", pinned, reference)
    return pinned


def _ctr(cluster: Cluster, *arguments: str) -> str:
    address = ["--address", str(cluster.containerd_socket), "--namespace", "k8s.io"]
    return run(["ctr", *address, *arguments])


def _parsed(line: str) -> Present:
    reference, _, digest, size, unit = line.split()[:5]
    return Present(reference, digest, f"{size} {unit}")
