"""Puts the operator, the recorded teacher and a TracerRouter into the cluster."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from devcluster.own_images import VERSITYGW_IMAGE
from examples.demo.cluster import Cluster, Manifest
from examples.demo.images import Reference
from examples.demo.terminal import say
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
    """Put teacher and operator into an empty namespace; wait until both are ready."""
    _clear(cluster, namespace)
    _make_namespace(cluster, namespace)
    say("installing the chart and the recorded teacher")
    _install_teacher(cluster, namespace, images["teacher"])
    _install_chart(cluster, namespace, images)


def _make_namespace(cluster: Cluster, name: str) -> None:
    """Make a namespace that takes restricted pods only."""
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


def _clear(cluster: Cluster, namespace: str) -> None:
    """Remove what an earlier run left: a demo begins without traces."""
    namespaces = cluster.get("namespaces")["items"]
    if namespace not in {each["metadata"]["name"] for each in namespaces}:
        return
    say("removing what an earlier run left")
    # Its pods would hold on for their last counts to be read: nobody will.
    now = ("--all", "-n", namespace, "--grace-period=0", "--force", "--wait=false")
    cluster.kubectl("delete", "tracerrouters", "--all", "-n", namespace)
    cluster.kubectl("delete", "pods", *now)
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")
    cluster.kubectl("delete", "pods", *now)
    gone = ("--for=delete", f"namespace/{namespace}", "--timeout=3m")
    cluster.kubectl("wait", *gone)


def _image(reference: Reference) -> dict[str, str]:
    return {"repository": reference.repository, "digest": reference.digest}
