"""Add-ons that make a cluster usable: DNS, storage, and a Gateway."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template

from devcluster.addresses import DNS_ADDRESS, GATEWAY_ADDRESS
from devcluster.charts import gateway_chart
from devcluster.cluster import Cluster
from devcluster.commands import run
from devcluster.components import VOLUME_PROVISIONER
from devcluster.go_build import HELM, KUBERNETES
from devcluster.own_images import COREDNS_IMAGE, ENVOY_IMAGE
from devcluster.probes import PATIENCE_SECONDS, gateway_answers, wait_until
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
    # The cluster has no zones; without the webhook, pods start faster.
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
PATIENCE = f"--timeout={PATIENCE_SECONDS:.0f}s"


def install_addons(cluster: Cluster) -> None:
    """Install all add-ons, and return when they are usable."""
    steps = (_install_chart, _install_dns_and_storage, _install_gateway)
    with ThreadPoolExecutor() as installers:
        waits = [installers.submit(step, cluster) for step in steps]
        for wait in waits:
            wait.result()


def kubectl(cluster: Cluster, *arguments: str, text: str | None = None) -> str:
    """Run kubectl as the administrator of the cluster, and return its output."""
    access = ["--kubeconfig", str(cluster.kubeconfig)]
    return run([KUBERNETES.binary, "kubectl", *access, *arguments], text=text)


def _apply(cluster: Cluster, name: str) -> None:
    manifest = Template((MANIFESTS / name).read_text()).substitute(VALUES)
    apply = ("apply", "--server-side", "--field-manager=devcluster", "-f", "-")
    kubectl(cluster, *apply, text=manifest)


def _install_dns_and_storage(cluster: Cluster) -> None:
    _apply(cluster, "base.yaml")
    which = ("deployment/coredns", "--namespace=kube-system")
    kubectl(cluster, "wait", "--for=condition=Available", PATIENCE, *which)
    say("DNS is ready")


def _install_chart(cluster: Cluster) -> None:
    values = cluster.folder / "config" / "gateway-values.json"
    values.write_text(json.dumps(CHART_VALUES))
    release = ["upgrade", "--install", "eg", str(gateway_chart())]
    place = ["--namespace", "envoy-gateway-system", "--create-namespace"]
    access = ["--kubeconfig", str(cluster.kubeconfig), "--values", str(values)]
    run([HELM.binary, *release, *place, *access])
    say("the Envoy Gateway chart is installed")


def _install_gateway(cluster: Cluster) -> None:
    """Create the Gateway as soon as its kinds exist, before its controller runs."""
    for kind in GATEWAY_KINDS:  # one at a time: kubectl fails for several
        kubectl(cluster, "wait", "--for=create", PATIENCE, kind)
    kubectl(cluster, "wait", "--for=condition=Established", PATIENCE, *GATEWAY_KINDS)
    _apply(cluster, "gateway.yaml")
    port = cluster.expect_running().gateway_port
    wait_until(lambda: gateway_answers(port), "the Gateway")
    say("the Gateway is ready")
