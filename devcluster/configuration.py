"""Configuration files of the components."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devcluster.addresses import DNS_ADDRESS, POD_RANGE, PODS_OF_ALL_NODES
from devcluster.cluster import Cluster

Document = Mapping[str, Any]

CONTAINERD = """\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = true
  disable_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
        BinaryName = "{runc}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{network}"
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"
"""


def kubelet_configuration(cluster: Cluster, pki: Path) -> Document:
    """Return the configuration of the kubelet."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        # With the default root, two kubelets remove the pods of each other.
        "cgroupRoot": f"/{cluster.cgroup}",
        "clusterDNS": [DNS_ADDRESS],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{cluster.containerd_socket}",
        "evictionHard": {
            "imagefs.available": "1%",
            "memory.available": "100Mi",
            "nodefs.available": "1%",
        },
        "failCgroupV1": False,
        "failSwapOn": False,
        # Images are only imported: a garbage-collected image cannot be pulled again.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "imageMaximumGCAge": "0s",
        "maxPods": 200,
        "oomScoreAdj": 0,
        "resolvConf": str(cluster.folder / "config" / "resolv.conf"),
        "serializeImagePulls": False,
        "syncFrequency": "10s",
        "tlsCertFile": str(pki / "kubelet.crt"),
        "tlsPrivateKeyFile": str(pki / "kubelet.key"),
    }


def proxy_configuration(pki: Path) -> Document:
    """Return the configuration of the kube-proxy."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(pki / "proxy.conf")},
        "clusterCIDR": PODS_OF_ALL_NODES,
        "conntrack": {"maxPerCore": 0, "min": 0},
        "hostnameOverride": "node",
        "mode": "nftables",
    }


def network_configuration() -> Document:
    """Return the configuration of the pod network: each pod has a routed link.

    With routes instead of a bridge, the response of a Service on the same node always
    passes the address translation, even if the bridge filter module is not loaded.
    """
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": POD_RANGE}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    link = {"type": "ptp", "ipMasq": False, "ipam": addresses}
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [link]}


def write_configuration(cluster: Cluster, pki: Path, *, pause: str, runc: str) -> None:
    """Write all configuration files of the cluster."""
    folder = cluster.folder / "config"
    network = folder / "network"
    network.mkdir(parents=True)
    _write(folder / "kubelet.json", kubelet_configuration(cluster, pki))
    _write(folder / "proxy.json", proxy_configuration(pki))
    _write(network / "10-pods.conflist", network_configuration())
    (folder / "resolv.conf").write_text(f"nameserver {DNS_ADDRESS}\n")
    (folder / "containerd.toml").write_text(
        CONTAINERD.format(
            socket=cluster.containerd_socket, pause=pause, network=network, runc=runc
        )
    )


def _write(path: Path, document: Document) -> None:
    path.write_text(json.dumps(document, indent=2))
