"""Command lines of the components of a node, in the order of their start."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devcluster.addresses import (
    API_PORT,
    ETCD_URL,
    NODE_ADDRESS,
    PODS_OF_ALL_NODES,
    SERVICE_RANGE,
)
from devcluster.cluster import Cluster

VOLUME_PROVISIONER = "devcluster/folder"


@dataclass(frozen=True)
class Component:
    """A program that the node keeps running."""

    name: str
    command: tuple[str, ...]
    needs_api: bool = False
    """Whether it must not start before the API server is ready."""


def components(
    cluster: Cluster, pki: Path, binaries: Mapping[str, Path]
) -> list[Component]:
    """Return all components of a node."""
    kubernetes, volumes = str(binaries["kubernetes"]), str(binaries["volumes"])
    config = cluster.folder / "config"
    dialler = (sys.executable, "-m", "devcluster.dialler", str(cluster.dial_socket))
    containerd = ("containerd", "--config", str(config / "containerd.toml"))
    return [
        Component("etcd", _etcd()),
        Component("containerd", containerd),
        Component("kube-apiserver", (kubernetes, *_api_server(pki))),
        Component("dialler", dialler),
        Component(
            "kube-controller-manager", (kubernetes, *_controllers(pki)), needs_api=True
        ),
        Component("kube-scheduler", (kubernetes, *_scheduler(pki)), needs_api=True),
        Component("kubelet", (kubernetes, *_kubelet(pki, config)), needs_api=True),
        Component("kube-proxy", (kubernetes, *_proxy(config)), needs_api=True),
        Component("volumes", (volumes, *_volumes(pki)), needs_api=True),
    ]


def _etcd() -> tuple[str, ...]:
    return (
        "etcd",
        "--data-dir=/var/lib/etcd/data",
        f"--listen-client-urls={ETCD_URL}",
        f"--advertise-client-urls={ETCD_URL}",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--unsafe-no-fsync",  # the data is deleted with the cluster
    )


def _api_server(pki: Path) -> tuple[str, ...]:
    return (
        "kube-apiserver",
        f"--etcd-servers={ETCD_URL}",
        f"--secure-port={API_PORT}",
        f"--advertise-address={NODE_ADDRESS}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        f"--client-ca-file={pki}/ca.crt",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--kubelet-client-certificate={pki}/admin.crt",
        f"--kubelet-client-key={pki}/admin.key",
        # The name of the node is not in DNS, so logs and exec use its address.
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-key-file={pki}/tokens.pub",
        f"--service-account-signing-key-file={pki}/tokens.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--requestheader-client-ca-file={pki}/ca.crt",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki}/front-proxy.crt",
        f"--proxy-client-key-file={pki}/front-proxy.key",
        "--enable-aggregator-routing=true",
        "--allow-privileged=true",
    )


def _controllers(pki: Path) -> tuple[str, ...]:
    config = f"{pki}/controller-manager.conf"
    return (
        "kube-controller-manager",
        *_access(config),
        f"--service-account-private-key-file={pki}/tokens.key",
        f"--root-ca-file={pki}/ca.crt",
        f"--cluster-signing-cert-file={pki}/ca.crt",
        f"--cluster-signing-key-file={pki}/ca.key",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--allocate-node-cidrs=true",
        f"--cluster-cidr={PODS_OF_ALL_NODES}",
        # With the default of 20 calls per second, the controllers start slowly.
        "--kube-api-qps=300",
        "--kube-api-burst=600",
    )


def _scheduler(pki: Path) -> tuple[str, ...]:
    return ("kube-scheduler", *_access(f"{pki}/scheduler.conf"), "--leader-elect=false")


def _access(config: str) -> tuple[str, ...]:
    return (
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
    )


def _kubelet(pki: Path, config: Path) -> tuple[str, ...]:
    return (
        "kubelet",
        f"--config={config}/kubelet.json",
        f"--kubeconfig={pki}/kubelet.conf",
        "--hostname-override=node",
        f"--node-ip={NODE_ADDRESS}",
    )


def _proxy(config: Path) -> tuple[str, ...]:
    return ("kube-proxy", f"--config={config}/proxy.json")


def _volumes(pki: Path) -> tuple[str, ...]:
    return (
        f"--kubeconfig={pki}/admin.conf",
        f"--provisioner={VOLUME_PROVISIONER}",
        "--root=/var/lib/volumes",
    )
