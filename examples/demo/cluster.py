"""The cluster of the demo and of the tests, through kubectl and helm.

`CLUSTER=devcluster` (the default) is the cluster that this repository builds.
`CLUSTER=current` is the cluster of the current kube context.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from examples.demo.terminal import DemoFailed, log

__all__ = ["Cluster", "Manifest", "connect"]

Manifest = dict[str, Any]
_MAX_CHARACTERS = 2000
_REQUEST_LIMIT = "--request-timeout=60s"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster and the address of its Gateway."""

    own: bool
    """Whether it is the devcluster of this repository."""
    gateway_url: str
    """Base URL of the listener of the Gateway, reachable from this machine."""
    kubeconfig: str | None
    """Kubeconfig of the administrator; None for the default of kubectl."""

    def kubectl(self, *words: str, text: str | None = None) -> str:
        """Run kubectl and return its output.

        Raises:
            DemoFailed: kubectl failed; contains its output.
        """
        # Without a limit, a request that never ends would block the caller. No command
        # here is a watch.
        limit = () if "wait" in words or "rollout" in words else (_REQUEST_LIMIT,)
        return _run([*self._program("kubectl"), *limit, *words], text)

    def helm(self, *words: str, text: str | None = None) -> str:
        """Run helm and return its output.

        Raises:
            DemoFailed: helm failed; contains its output.
        """
        return _run([*self._program("helm"), *words], text)

    def devcluster(self, *words: str) -> str:
        """Run a command of the devcluster and return its output.

        Raises:
            DemoFailed: The command failed; contains its output.
        """
        return _run([sys.executable, "-m", "devcluster", *words])

    def get(self, *words: str) -> Any:
        """Return the parsed output of ``kubectl get``."""
        return json.loads(self.kubectl("get", *words, "-o", "json"))

    def apply(self, namespace: str, *manifests: Manifest) -> str:
        """Apply objects by server-side apply, as a user does."""
        text = yaml.safe_dump_all(manifests)
        options = ("-n", namespace, "--server-side", "--field-manager=kubectl")
        return self.kubectl("apply", *options, "-f", "-", text=text)

    def _program(self, name: str) -> list[str]:
        return [sys.executable, "-m", "devcluster", name] if self.own else [name]


def connect() -> Cluster:
    """Return the cluster, after starting the devcluster if it is selected.

    Raises:
        DemoFailed: There is no cluster, or the Gateway has no address.
    """
    if os.environ.get("CLUSTER", "devcluster") == "current":
        log("using the current kube context")
        cluster = Cluster(own=False, gateway_url="", kubeconfig=None)
        url = os.environ.get("GATEWAY_URL") or _gateway_url(cluster)
        return Cluster(own=False, gateway_url=url, kubeconfig=None)
    devcluster = [sys.executable, "-m", "devcluster"]
    # It prints its progress to standard error. The variables are read below.
    up = [*devcluster, "up"]
    ended = subprocess.run(up, check=False, stdout=subprocess.DEVNULL)  # noqa: S603 - a module of this repository
    if ended.returncode:
        raise DemoFailed(
            "the cluster did not start; see the output of devcluster above"
        )
    found = _variables(_run([*devcluster, "env"]))
    return Cluster(
        own=True, gateway_url=found["GATEWAY_URL"], kubeconfig=found["KUBECONFIG"]
    )


def _gateway_url(cluster: Cluster) -> str:
    gateway = cluster.get("gateway", "gw", "-n", "gateway")
    addresses = gateway.get("status", {}).get("addresses", [])
    if not addresses:
        message = "Gateway gateway/gw has no address; set GATEWAY_URL=http://HOST:PORT"
        raise DemoFailed(message)
    return f"http://{addresses[0]['value']}"


def _variables(text: str) -> Mapping[str, str]:
    lines = (line.removeprefix("export ") for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name: value.strip("'\"") for name, _, value in pairs}


def _run(command: list[str], text: str | None = None) -> str:
    ended = subprocess.run(  # noqa: S603 - kubectl and helm with fixed arguments
        command, input=text, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        output = (ended.stderr or ended.stdout).strip()[-_MAX_CHARACTERS:]
        raise DemoFailed(f"{' '.join(command[-6:])}: {output}")
    return ended.stdout
