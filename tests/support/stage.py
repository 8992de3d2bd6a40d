"""A namespace on a real cluster with the chart, a teacher and a way into the store."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.demo.cluster import Cluster, Manifest
from examples.demo.images import Reference
from examples.demo.install import (
    QUICKSTART,
    TEACHER_KEY,
    install,
    read_manifests,
)
from examples.demo.questions import Questions
from examples.demo.terminal import DemoFailed
from examples.demo.traffic import Clients, Load
from examples.demo.watch import Watch
from support.configuration import configured
from tracer_core.contracts.runtime_config import StoreConfig, TracesConfig
from tracer_router.resources.manifest import ROUTER_LABEL
from tracer_router.resources.pod import CONTAINER_SECURITY, POD_SECURITY

__all__ = ["CHILDREN", "Stage", "eventually"]

CHILDREN = (
    "tracerrevisions,deployments,services,configmaps,serviceaccounts,jobs,"
    "networkpolicies,poddisruptionbudgets,httproutes"
)
"""Every kind that the operator makes."""

_WRITES = re.compile(
    r'^apiserver_request_total\{[^}]*resource="(?P<resource>[^"]*)"[^}]*'
    r'verb="(?P<verb>POST|PUT|PATCH|APPLY|DELETE)"[^}]*\} (?P<count>\S+)$',
    re.MULTILINE,
)
_MINE = frozenset(
    {
        "configmaps",
        "deployments",
        "events",
        "httproutes",
        "jobs",
        "networkpolicies",
        "poddisruptionbudgets",
        "serviceaccounts",
        "services",
        "tracerrevisions",
        "tracerrouters",
    }
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where one story is played."""

    cluster: Cluster
    images: Mapping[str, Reference]
    namespace: str

    @property
    def host(self) -> str:
        """The host name of this stage's routes: other stages share the Gateway."""
        return f"{self.namespace}.test"

    def set(self) -> None:
        """Install everything into an empty namespace."""
        install(self.cluster, self.namespace, self.images)

    def strike(self) -> None:
        """Remove the namespace and all that is in it."""
        now = ("--ignore-not-found", "--wait=false")
        self.cluster.kubectl("delete", "namespace", self.namespace, *now)

    def router(self, name: str, **spec: Any) -> Manifest:
        """Give the quickstart under another name, with sections replaced."""
        manifest = read_manifests(QUICKSTART)[0]
        manifest["metadata"]["name"] = name
        manifest["spec"].update(spec)
        manifest["spec"]["traffic"]["hostnames"] = [self.host]
        return manifest

    def watch(self, name: str) -> Watch:
        """Watch a router."""
        return Watch(self.cluster, self.namespace, name)

    def clients(self, questions: Questions, load: Load) -> Clients:
        """Give clients of this stage's route."""
        url = self.cluster.gateway_url
        return Clients(url, TEACHER_KEY, questions.labels, load, host=self.host)

    def kubectl(self, *words: str) -> str:
        """Run kubectl in the namespace."""
        return self.cluster.kubectl("-n", self.namespace, *words)

    def scale(self, deployment: str, replicas: int) -> None:
        """Scale a Deployment and wait until its pods are as asked.

        One that has been told to end counts until it is gone: it may answer till then.
        """
        name = f"deployment/{deployment}"
        self.kubectl("scale", name, f"--replicas={replicas}")
        self.kubectl("rollout", "status", name, "--timeout=2m")
        labels = "-o=jsonpath={.spec.selector.matchLabels}"
        selector = json.loads(self.kubectl("get", name, labels))
        wanted = "-l=" + ",".join(f"{key}={of}" for key, of in selector.items())

        def settled() -> bool:
            pods = self.kubectl("get", "pods", "-o=name", wanted).split()
            return len(pods) == replicas

        eventually(settled, f"{deployment} at {replicas}", 60)

    def explain(self, router: str) -> str:
        """Give what ``tracer-router explain`` says."""
        program = Path(sys.executable).with_name("tracer-router")
        config = self.cluster.kubeconfig
        ended = subprocess.run(
            [program, "explain", router, "-n", self.namespace],
            env={**os.environ, **({"KUBECONFIG": config} if config else {})},
            capture_output=True,
            text=True,
            check=True,
        )
        return ended.stdout

    def versions(self, kinds: str) -> dict[str, str]:
        """Give the resourceVersion of every object of some kinds."""
        items = self.cluster.get(kinds, "-n", self.namespace)["items"]
        return {
            f"{each['kind']}/{each['metadata']['name']}": each["metadata"][
                "resourceVersion"
            ]
            for each in items
        }

    def writes(self) -> dict[str, float]:
        """Give how many writes the API server has taken, by kind that we write."""
        text = self.cluster.kubectl("get", "--raw", "/metrics")
        counts: dict[str, float] = {}
        for found in _WRITES.finditer(text):
            if found["resource"] in _MINE:
                key = f"{found['verb']} {found['resource']}"
                counts[key] = counts.get(key, 0) + float(found["count"])
        return counts

    def left_of(self, router: str) -> list[str]:
        """Give everything in the namespace that carries the router's label."""
        label = f"-l={ROUTER_LABEL}={router}"
        kinds = f"{CHILDREN},pods"
        items = self.cluster.get(kinds, label, "-n", self.namespace)["items"]
        return [f"{each['kind']}/{each['metadata']['name']}" for each in items]

    def start_python(self, name: str, router: str, code: str) -> None:
        """Run a program in the runtime image with the router's part of the store."""
        self.cluster.apply(self.namespace, self._pod(name, router, code))

    def run_python(self, name: str, router: str, code: str) -> str:
        """Run such a program to its end and give what it printed."""
        self.start_python(name, router, code)
        ended = ("--for=jsonpath={.status.phase}=Succeeded", "--timeout=90s")
        try:
            self.kubectl("wait", f"pod/{name}", *ended)
        except DemoFailed as failed:
            raise DemoFailed(f"{failed}\n{self.kubectl('logs', name)}") from None
        said = self.kubectl("logs", name)
        self.kubectl("delete", "pod", name, "--wait=false")
        return said

    def _pod(self, name: str, router: str, code: str) -> Manifest:
        store = f"http://tracer-router-store.{self.namespace}.svc:7070"
        config = StoreConfig(
            url=f"s3://traces/{self.namespace}/{router}",
            endpoint=store,
            credentials=Path("/keys"),
        )
        environment = configured(traces=TracesConfig(store=config))
        container = {
            "name": "program",
            "image": str(self.images["runtime"]),
            "command": ["python3", "-u", "-c", code],
            "env": [{"name": key, "value": environment[key]} for key in environment],
            "securityContext": CONTAINER_SECURITY,
            "volumeMounts": [{"name": "keys", "mountPath": "/keys"}],
        }
        spec = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": POD_SECURITY,
            "containers": [container],
            "volumes": [
                {"name": "keys", "secret": {"secretName": "tracer-router-store"}}
            ],
        }
        metadata = {"name": name}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def eventually(reached: Callable[[], bool], what: str, seconds: float) -> None:
    """Wait until something is reached."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, f"{what} was not reached in {seconds} s"
        time.sleep(1)
