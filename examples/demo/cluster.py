"""The cluster that the demo and the tests run on, behind kubectl and helm.

`CLUSTER=devcluster` (the default) is the one that this repository builds;
`CLUSTER=current` is whatever the current kube context names.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from examples.demo.terminal import DemoFailed, say

__all__ = ["Cluster", "Manifest", "connect"]

Manifest = dict[str, Any]
_SHOWN_CHARACTERS = 2000
_REQUEST_LIMIT = "--request-timeout=60s"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster and where its Gateway is reached."""

    own: bool
    """Whether it is our devcluster."""
    gateway_url: str
    """Base URL of the Gateway's listener, as seen from here."""
    kubeconfig: str | None
    """The administrator's access; none means kubectl's own default."""

    def kubectl(self, *words: str, text: str | None = None) -> str:
        """Run kubectl to its end and give what it printed.

        Raises:
            DemoFailed: It ended badly; with what it said.
        """
        # A request that never ends would hang the caller: watches are not used here.
        limit = () if "wait" in words or "rollout" in words else (_REQUEST_LIMIT,)
        return _run([*self._program("kubectl"), *limit, *words], text)

    def helm(self, *words: str, text: str | None = None) -> str:
        """Run helm to its end and give what it printed.

        Raises:
            DemoFailed: It ended badly; with what it said.
        """
        return _run([*self._program("helm"), *words], text)

    def devcluster(self, *words: str) -> str:
        """Run a command of our devcluster and give what it printed.

        Raises:
            DemoFailed: It ended badly; with what it said.
        """
        return _run([sys.executable, "-m", "devcluster", *words])

    def get(self, *words: str) -> Any:
        """Give what ``kubectl get`` finds, as data."""
        return json.loads(self.kubectl("get", *words, "-o", "json"))

    def apply(self, namespace: str, *manifests: Manifest) -> str:
        """Apply objects as a user would, by server-side apply."""
        text = yaml.safe_dump_all(manifests)
        options = ("-n", namespace, "--server-side", "--field-manager=kubectl")
        return self.kubectl("apply", *options, "-f", "-", text=text)

    def _program(self, name: str) -> list[str]:
        return [sys.executable, "-m", "devcluster", name] if self.own else [name]


def connect() -> Cluster:
    """Give the cluster, started if it is ours.

    Raises:
        DemoFailed: There is none, or its Gateway is nowhere to be found.
    """
    if os.environ.get("CLUSTER", "devcluster") == "current":
        say("using the current kube context")
        cluster = Cluster(own=False, gateway_url="", kubeconfig=None)
        url = os.environ.get("GATEWAY_URL") or _gateway_url(cluster)
        return Cluster(own=False, gateway_url=url, kubeconfig=None)
    devcluster = [sys.executable, "-m", "devcluster"]
    # Its progress goes to standard error; the variables are asked for below.
    up = [*devcluster, "up"]
    ended = subprocess.run(up, check=False, stdout=subprocess.DEVNULL)  # noqa: S603 - our own module
    if ended.returncode:
        raise DemoFailed("the cluster did not start; see what devcluster said above")
    found = _variables(_run([*devcluster, "env"]))
    return Cluster(
        own=True, gateway_url=found["GATEWAY_URL"], kubeconfig=found["KUBECONFIG"]
    )


def _gateway_url(cluster: Cluster) -> str:
    gateway = cluster.get("gateway", "gw", "-n", "gateway")
    addresses = gateway.get("status", {}).get("addresses", [])
    if not addresses:
        message = "Gateway gateway/gw has no address: say GATEWAY_URL=http://HOST:PORT"
        raise DemoFailed(message)
    return f"http://{addresses[0]['value']}"


def _variables(text: str) -> Mapping[str, str]:
    lines = (line.removeprefix("export ") for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name: value.strip("'\"") for name, _, value in pairs}


def _run(command: list[str], text: str | None = None) -> str:
    ended = subprocess.run(  # noqa: S603 - kubectl and helm with our own words
        command, input=text, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        said = (ended.stderr or ended.stdout).strip()[-_SHOWN_CHARACTERS:]
        raise DemoFailed(f"{' '.join(command[-6:])}: {said}")
    return ended.stdout
