"""Puts the operator, the recorded teacher and a TracerRouter into the cluster."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from devcluster.own_images import VERSITYGW_IMAGE
from examples.demo.cluster import Cluster, Manifest
from examples.demo.images import Reference
from scripts.image_context import ROOT

__all__ = [
    "NAMESPACE",
    "TEACHER_KEY",
    "install_chart",
    "install_teacher",
    "make_namespace",
    "read_manifests",
]

NAMESPACE = "tracer-demo"
TEACHER_KEY = "not-a-secret"
_CHART = ROOT / "charts" / "tracer-router"
_ENFORCE = "pod-security.kubernetes.io/enforce"


def make_namespace(cluster: Cluster, name: str) -> None:
    """Make a namespace that takes restricted pods only."""
    metadata = {"name": name, "labels": {_ENFORCE: "restricted"}}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    cluster.apply(name, namespace)


def install_chart(
    cluster: Cluster, namespace: str, images: Mapping[str, Reference]
) -> None:
    """Install or upgrade the chart and wait until its pods are ready."""
    values: Manifest = {
        "image": _image(images["operator"]),
        "runtime": _image(images["runtime"]),
        "store": {
            "credentials": {"accessKeyId": "demo", "secretAccessKey": "demo-secret"},
            "persistence": {"size": "2Gi"},
        },
    }
    if cluster.own:
        repository, _, tag = VERSITYGW_IMAGE.reference.rpartition(":")
        values["store"]["image"] = {"repository": repository, "tag": tag}
    cluster.kubectl("apply", "--server-side", "-f", str(_CHART / "crds"))
    where = ("--namespace", namespace, "--skip-crds")
    wait = ("--wait", "--timeout", "3m")
    command = ("upgrade", "--install", "tracer-router", str(_CHART))
    cluster.helm(*command, *where, *wait, "--values", "-", text=yaml.safe_dump(values))


def install_teacher(cluster: Cluster, namespace: str, image: Reference) -> None:
    """Deploy the recorded teacher and wait until it answers."""
    manifests = read_manifests(ROOT / "examples" / "recorded_teacher" / "manifest.yaml")
    deployment = next(each for each in manifests if each["kind"] == "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = str(image)
    cluster.apply(namespace, *manifests)
    what = "deployment/recorded-teacher"
    cluster.kubectl("rollout", "status", what, "-n", namespace, "--timeout=2m")


def read_manifests(path: Path) -> list[Manifest]:
    """Give the objects in a file."""
    return list(yaml.safe_load_all(path.read_text()))


def _image(reference: Reference) -> dict[str, str]:
    return {"repository": reference.repository, "digest": reference.digest}
