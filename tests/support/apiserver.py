"""A temporary API server on the loopback interface: only etcd and kube-apiserver.

`KUBECONFIG_TEST` selects another cluster, and `CLUSTER=current` selects the current
cluster of kubectl. The server has no nodes and no controllers: it validates objects,
applies defaults, and stores objects, which is sufficient for tests.
"""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes import client, config

from devcluster.go_build import KUBERNETES
from devcluster.pki import make_certificates, write_kubeconfig

__all__ = ["Answer", "ApiServer", "NoApiServer", "api_server"]

START_SECONDS = 60
STOP_SECONDS = 10


class NoApiServer(Exception):  # noqa: N818 - a reason to skip
    """An API server cannot be started; the message contains the required action."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The response of the API server to one request."""

    code: int
    body: Mapping[str, Any]

    @property
    def message(self) -> str:
        """The error message; empty if the request was accepted."""
        return str(self.body.get("message", "")) if self.code >= 400 else ""


class ApiServer:
    """A client with strict field validation: unknown fields are rejected."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        load: Callable[[str], client.ApiClient] = config.new_client_from_config
        self._client = load(str(kubeconfig))

    def get(self, path: str, accept: str = "application/json") -> Answer:
        """Read an object or a list."""
        return self._request("GET", path, accept=accept)

    def delete(self, path: str) -> Answer:
        """Delete an object."""
        return self._request("DELETE", path)

    def apply(self, path: str, manifest: object, **query: str) -> Answer:
        """Apply a manifest, or its YAML, with server-side apply."""
        defaults = {
            "fieldManager": "tests",
            "force": "true",
            "fieldValidation": "Strict",
        }
        content_type = "application/apply-patch+yaml"
        parameters = {**defaults, **query}
        return self._request("PATCH", path, parameters, manifest, content_type)

    def create(self, path: str, manifest: object, **query: str) -> Answer:
        """Create an object in a collection."""
        parameters = {"fieldValidation": "Strict", **query}
        return self._request("POST", path, parameters, manifest)

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Answer:
        headers = {"Accept": accept, "Content-Type": content_type}
        call = self._client.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params=headers,
            auth_settings=["BearerToken"],
        )
        # JSON is valid YAML. The client encodes a body only for content types that it
        # supports.
        as_text = "yaml" in content_type and not isinstance(body, str)
        content = json.dumps(body) if as_text else body
        response = self._client.call_api(*call[:3], body=content, _request_timeout=30)
        read: Callable[[], bytes] = response.read
        return Answer(response.status, json.loads(read() or b"{}"))


@contextmanager
def api_server() -> Iterator[ApiServer]:
    """Yield the API server of the environment, or a temporary one.

    Raises:
        NoApiServer: The required programs are not installed.
        RuntimeError: The API server did not start; the message contains the end of its
            log.
    """
    kubeconfig = _kubeconfig_from_environment()
    if kubeconfig is not None:
        yield ApiServer(kubeconfig)
        return
    _expect_programs()
    with tempfile.TemporaryDirectory(prefix="tracer-api-") as name, ExitStack() as ends:
        yield _start(Path(name), ends)


def _kubeconfig_from_environment() -> Path | None:
    selected = os.environ.get("KUBECONFIG_TEST")
    if selected or os.environ.get("CLUSTER") != "current":
        return Path(selected) if selected else None
    current = os.environ.get("KUBECONFIG", "~/.kube/config").split(os.pathsep)[0]
    return Path(current).expanduser()


def _expect_programs() -> None:
    if not KUBERNETES.binary.exists():
        raise NoApiServer(
            "kube-apiserver not found; run python -m devcluster prerequisites --install"
        )
    programs = ("etcd", "setpriv", "openssl")
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        raise NoApiServer(
            f"{', '.join(missing)} not found; run"
            " python -m devcluster prerequisites --install"
        )


def _start(folder: Path, ends: ExitStack) -> ApiServer:
    store, peer, port = _free_ports(3)
    pki = folder / "pki"
    make_certificates(pki)
    kubeconfig = folder / "kubeconfig"
    write_kubeconfig(pki, "admin", port, kubeconfig)
    ends.enter_context(_running(folder / "etcd.log", _etcd(folder, store, peer)))
    log = folder / "kube-apiserver.log"
    process = ends.enter_context(_running(log, _kube_apiserver(pki, store, port)))
    server = ApiServer(kubeconfig)
    _wait_until_ready(server, process, log)
    return server


def _etcd(folder: Path, port: int, peer: int) -> list[str]:
    url = f"http://127.0.0.1:{port}"
    return [
        "etcd",
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls=http://127.0.0.1:{peer}",
        "--unsafe-no-fsync",  # the data is deleted after the test
    ]


def _kube_apiserver(pki: Path, store: int, port: int) -> list[str]:
    return [
        str(KUBERNETES.binary),
        "kube-apiserver",
        f"--etcd-servers=http://127.0.0.1:{store}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        "--service-cluster-ip-range=10.96.0.0/16",
        f"--client-ca-file={pki}/ca.crt",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--service-account-key-file={pki}/tokens.pub",
        f"--service-account-signing-key-file={pki}/tokens.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--authorization-mode=RBAC",
        # There is no controller that creates the default service account of pods.
        "--disable-admission-plugins=ServiceAccount",
    ]


@contextmanager
def _running(log: Path, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that is terminated after the block, or with this process."""
    bound = ["setpriv", "--pdeathsig", "KILL", *command]
    with log.open("wb") as output:
        process = subprocess.Popen(bound, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(
    server: ApiServer, process: subprocess.Popen[bytes], log: Path
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            listening = probe.connect_ex(("127.0.0.1", _port_of(server))) == 0
        if listening and server.get("/api/v1/namespaces/default").code == 200:
            return
        time.sleep(0.1)
    end = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    raise RuntimeError(f"kube-apiserver is not ready; the end of its log:\n{end}")


def _port_of(server: ApiServer) -> int:
    address = json.loads(server.kubeconfig.read_text())["clusters"][0]["cluster"]
    return int(address["server"].rpartition(":")[2])


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in sockets]
