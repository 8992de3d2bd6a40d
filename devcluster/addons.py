"""What a cluster needs before it is of use: DNS, storage and a Gateway."""

import http.client
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template

from devcluster.addresses import DNS_ADDRESS, GATEWAY_ADDRESS
from devcluster.charts import gateway_chart
from devcluster.cluster import Cluster
from devcluster.commands import run
from devcluster.components import VOLUME_PROVISIONER
from devcluster.errors import CommandFailed, DevclusterError
from devcluster.go_build import HELM, KUBERNETES
from devcluster.own_images import COREDNS_IMAGE, ENVOY_IMAGE
from devcluster.progress import say

MANIFESTS = Path(__file__).with_name("manifests")
VALUES = {
    "coredns": COREDNS_IMAGE.reference,
    "dns_address": DNS_ADDRESS,
    "envoy": ENVOY_IMAGE.reference,
    "gateway_address": GATEWAY_ADDRESS,
    "volume_provisioner": VOLUME_PROVISIONER,
}
CHART_VALUES = {
    # Nothing here spreads over zones; without the webhook a pod starts sooner.
    "topologyInjector": {"enabled": False},
    "deployment": {
        "envoyGateway": {
            "readinessProbe": {"periodSeconds": 1},
            "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
        }
    },
}
GATEWAY_KINDS = (
    "crd/envoyproxies.gateway.envoyproxy.io",
    "crd/gatewayclasses.gateway.networking.k8s.io",
    "crd/gateways.gateway.networking.k8s.io",
)
PATIENCE_SECONDS = 180.0
NOT_FOUND = 404


def install_addons(cluster: Cluster) -> None:
    """Install every add-on, and come back when all of them are usable."""
    _apply(cluster, "base.yaml")
    with ThreadPoolExecutor() as waiters:
        waits = [
            waiters.submit(_install_chart, cluster),
            waiters.submit(_install_gateway, cluster),
            waiters.submit(_wait_for_dns, cluster),
        ]
        for wait in waits:
            wait.result()


def kubectl(cluster: Cluster, *words: str, text: str | None = None) -> str:
    """Run kubectl as the cluster's administrator."""
    access = ["--kubeconfig", str(cluster.kubeconfig)]
    return run([KUBERNETES.binary, "kubectl", *access, *words], text=text)


def wait_until(fact: Callable[[], bool], what: str) -> None:
    """Wait until a fact holds.

    Raises:
        DevclusterError: when it never did.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not fact():
        if time.monotonic() > deadline:
            raise DevclusterError(f"{what} is not ready after {PATIENCE_SECONDS:.0f} s")
        time.sleep(0.2)


def gateway_answers(port: int) -> bool:
    """Tell whether Envoy answers on the Gateway's host port; no route is a 404."""
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        server.request("GET", "/")
        return server.getresponse().status == NOT_FOUND
    except (OSError, http.client.HTTPException):
        return False
    finally:
        server.close()


def _apply(cluster: Cluster, name: str) -> None:
    manifest = Template((MANIFESTS / name).read_text()).substitute(VALUES)
    apply = ("apply", "--server-side", "--field-manager=devcluster", "-f", "-")
    kubectl(cluster, *apply, text=manifest)


def _wait_for_dns(cluster: Cluster) -> None:
    available = "--for=condition=Available"
    kubectl(
        cluster,
        *("wait", available, "deployment/coredns", "-n", "kube-system"),
        f"--timeout={PATIENCE_SECONDS:.0f}s",
    )
    say("DNS answers")


def _install_chart(cluster: Cluster) -> None:
    values = cluster.folder / "config" / "gateway-values.json"
    values.write_text(json.dumps(CHART_VALUES))
    release = ["upgrade", "--install", "eg", str(gateway_chart())]
    place = ["--namespace", "envoy-gateway-system", "--create-namespace"]
    access = ["--kubeconfig", str(cluster.kubeconfig), "--values", str(values)]
    run([HELM.binary, *release, *place, *access])
    say("the chart of Envoy Gateway is installed")


def _install_gateway(cluster: Cluster) -> None:
    """Ask for the Gateway as soon as its kinds exist, before its controller runs."""

    def asked() -> bool:
        try:
            kubectl(cluster, "wait", "--for=condition=Established", *GATEWAY_KINDS)
            _apply(cluster, "gateway.yaml")
        except CommandFailed:
            return False
        return True

    wait_until(asked, "the Gateway API")
    port = cluster.expect_running().gateway_port
    wait_until(lambda: gateway_answers(port), "the Gateway")
    say("the Gateway answers")
