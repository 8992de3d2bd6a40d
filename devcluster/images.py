"""Puts image archives into a cluster's containerd, and says what is there."""

from dataclasses import dataclass
from pathlib import Path

from devcluster.cluster import Cluster
from devcluster.commands import run
from devcluster.oci import Image, archive_identity, pinned_reference


@dataclass(frozen=True)
class Present:
    """One name in a cluster's containerd and what it stands for."""

    reference: str
    digest: str
    size: str


def present_images(cluster: Cluster) -> list[Present]:
    """Give the images that pods of the cluster can use."""
    lines = _ctr(cluster, "images", "list").splitlines()[1:]
    # Names that are a digest alone are containerd's own, for what it has unpacked.
    return [_parsed(line) for line in lines if not line.startswith("sha256:")]


def load_archive(cluster: Cluster, archive: Path) -> str:
    """Import an archive unless its image is there; give its pinned reference."""
    reference, digest = archive_identity(archive)
    return _load(cluster, archive, reference, digest)


def load_image(cluster: Cluster, image: Image) -> str:
    """Import an image of the store unless it is there; give its pinned reference."""
    return _load(cluster, Path(image.archive), image.reference, image.digest)


def _load(cluster: Cluster, archive: Path, reference: str, digest: str) -> str:
    pinned = pinned_reference(reference, digest)
    known = {(one.reference, one.digest) for one in present_images(cluster)}
    if {(reference, digest), (pinned, digest)} <= known:
        return pinned
    if (pinned, digest) not in known:
        _ctr(cluster, "images", "import", str(archive))
        _ctr(cluster, "images", "tag", "--force", reference, pinned)
    else:  # the tag has since been given to another image
        _ctr(cluster, "images", "tag", "--force", pinned, reference)
    return pinned


def _ctr(cluster: Cluster, *words: str) -> str:
    address = ["--address", str(cluster.containerd_socket), "--namespace", "k8s.io"]
    return run(["ctr", *address, *words])


def _parsed(line: str) -> Present:
    reference, _, digest, size, unit = line.split()[:5]
    return Present(reference, digest, f"{size} {unit}")
