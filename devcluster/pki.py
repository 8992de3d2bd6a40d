"""Certificates and kubeconfigs of one cluster, created with openssl."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from devcluster.addresses import API_PORT, API_SERVICE_ADDRESS, NODE_ADDRESS
from devcluster.cache import write_atomically
from devcluster.commands import run

DAYS = "3650"
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
USAGE = "extendedKeyUsage=serverAuth,clientAuth"
NAMES_OF_API = ",".join(
    [
        "DNS:kubernetes",
        "DNS:kubernetes.default",
        "DNS:kubernetes.default.svc",
        "DNS:kubernetes.default.svc.cluster.local",
        "DNS:localhost",
        "IP:127.0.0.1",
        f"IP:{API_SERVICE_ADDRESS}",
        f"IP:{NODE_ADDRESS}",
    ]
)


@dataclass(frozen=True)
class Identity:
    """The subject of a certificate, and the names that it is valid for."""

    name: str
    subject: str
    served_names: str = ""


CLIENTS = (
    Identity("admin", "/O=system:masters/CN=admin"),
    Identity("controller-manager", "/CN=system:kube-controller-manager"),
    Identity("scheduler", "/CN=system:kube-scheduler"),
    Identity("proxy", "/CN=system:kube-proxy"),
    Identity(
        "kubelet",
        "/O=system:nodes/CN=system:node:node",
        f"DNS:node,IP:{NODE_ADDRESS},IP:127.0.0.1",
    ),
)
SERVERS = (
    Identity("apiserver", "/CN=kube-apiserver", NAMES_OF_API),
    Identity("front-proxy", "/CN=front-proxy"),
)


def make_certificates(folder: Path) -> None:
    """Create the CA, all certificates, and all kubeconfigs of the node."""
    folder.mkdir(parents=True, mode=0o700)
    settings = folder / "openssl.cnf"
    settings.write_text("[req]\ndistinguished_name=name\n[name]\n")
    _issue(
        folder, Identity("ca", "/CN=devcluster"), ["basicConstraints=critical,CA:TRUE"]
    )
    with ThreadPoolExecutor() as issuers:
        waits = [
            issuers.submit(_issue_leaf, folder, identity)
            for identity in CLIENTS + SERVERS
        ]
        waits.append(issuers.submit(_make_signing_key, folder))
        for wait in waits:
            wait.result()
    for client in CLIENTS:
        write_kubeconfig(folder, client.name, API_PORT, folder / f"{client.name}.conf")


def write_kubeconfig(folder: Path, client: str, port: int, path: Path) -> None:
    """Write a kubeconfig with embedded certificates."""
    server = f"https://127.0.0.1:{port}"
    authority = {"certificate-authority-data": _encoded(folder / "ca.crt")}
    user = {
        "client-certificate-data": _encoded(folder / f"{client}.crt"),
        "client-key-data": _encoded(folder / f"{client}.key"),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "devcluster", "cluster": {"server": server, **authority}}
        ],
        "users": [{"name": client, "user": user}],
        "contexts": [
            {"name": "devcluster", "context": {"cluster": "devcluster", "user": client}}
        ],
        "current-context": "devcluster",
    }
    write_atomically(path, json.dumps(document, indent=2), mode=0o600)


def _issue_leaf(folder: Path, identity: Identity) -> None:
    extensions = ["basicConstraints=critical,CA:FALSE", USAGE]
    if identity.served_names:
        extensions.append(f"subjectAltName={identity.served_names}")
    signer = ["-CA", str(folder / "ca.crt"), "-CAkey", str(folder / "ca.key")]
    _issue(folder, identity, extensions, signer)


def _issue(
    folder: Path,
    identity: Identity,
    extensions: list[str],
    signer: list[str] | None = None,
) -> None:
    files = [
        *("-keyout", str(folder / f"{identity.name}.key")),
        *("-out", str(folder / f"{identity.name}.crt")),
    ]
    added = [
        argument for extension in extensions for argument in ("-addext", extension)
    ]
    settings = ["-config", str(folder / "openssl.cnf"), "-subj", identity.subject]
    command = ["openssl", "req", "-x509", *NEW_KEY, "-days", DAYS, *settings]
    run([*command, *added, *(signer or []), *files])


def _make_signing_key(folder: Path) -> None:
    """Create the key pair that signs the tokens of service accounts."""
    key, public = folder / "tokens.key", folder / "tokens.pub"
    run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key])
    run(["openssl", "ec", "-in", key, "-pubout", "-out", public])


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
