"""Installs the operator and the recorded teacher in the cluster."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from devcluster.own_images import VERSITYGW_IMAGE
from examples.demo.cluster import Cluster, Manifest
from examples.demo.images import Reference
from examples.demo.terminal import log
from scripts.image_context import ROOT

__all__ = [
    "NAMESPACE",
    "QUICKSTART",
    "STORE_KEYS",
    "TEACHER_KEY",
    "install",
    "read_manifests",
]

NAMESPACE = "tracer-demo"
TEACHER_KEY = "not-a-secret"
STORE_KEYS = {"accessKeyId": "demo", "secretAccessKey": "demo-secret"}
QUICKSTART = ROOT / "examples" / "quickstart.yaml"
_CHART = ROOT / "charts" / "tracer-router"
_ENFORCE = "pod-security.kubernetes.io/enforce"


def install(cluster: Cluster, namespace: str, images: Mapping[str, Reference]) -> None:
    """Install the teacher and the operator in a new namespace; wait until ready."""
    _clear(cluster, namespace)
    _make_namespace(cluster, namespace)
    log("installing the chart and the recorded teacher")
    _install_teacher(cluster, namespace, images["teacher"])
    _install_chart(cluster, namespace, images)


def _make_namespace(cluster: Cluster, name: str) -> None:
    """Create a namespace that admits only pods of the restricted profile."""
    metadata = {"name": name, "labels": {_ENFORCE: "restricted"}}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    cluster.apply(name, namespace)


def _install_chart(
    cluster: Cluster, namespace: str, images: Mapping[str, Reference]
) -> None:
    """Install or upgrade the chart and wait until its pods are ready."""
    values: Manifest = {
        "image": _image(images["operator"]),
        "runtime": _image(images["runtime"]),
        "store": {
            "credentials": STORE_KEYS,
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


def _install_teacher(cluster: Cluster, namespace: str, image: Reference) -> None:
    """Deploy the recorded teacher and wait until it is ready."""
    manifests = read_manifests(ROOT / "examples" / "recorded_teacher" / "manifest.yaml")
    deployment = next(item for item in manifests if item["kind"] == "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = str(image)
    cluster.apply(namespace, *manifests)
    what = "deployment/recorded-teacher"
    cluster.kubectl("rollout", "status", what, "-n", namespace, "--timeout=2m")


def read_manifests(path: Path) -> list[Manifest]:
    """Return the objects in a file."""
    return list(yaml.safe_load_all(path.read_text()))


def _clear(cluster: Cluster, namespace: str) -> None:
    """Delete the namespace of an earlier run: a demo starts without traces."""
    existing = cluster.get("namespaces")["items"]
    if namespace not in {item["metadata"]["name"] for item in existing}:
        return
    log("deleting the namespace of an earlier run")
    # Pods wait for a last scrape of their counters, which no operator will do.
    now = ("--all", "-n", namespace, "--grace-period=0", "--force", "--wait=false")
    cluster.kubectl("delete", "tracerrouters", "--all", "-n", namespace)
    cluster.kubectl("delete", "pods", *now)
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")
    cluster.kubectl("delete", "pods", *now)
    gone = ("--for=delete", f"namespace/{namespace}", "--timeout=3m")
    cluster.kubectl("wait", *gone)


def _image(reference: Reference) -> dict[str, str]:
    return {"repository": reference.repository, "digest": reference.digest}
