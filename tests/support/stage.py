"""A namespace in a real cluster, with the chart, a teacher, and access to the store."""

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
from tracer_router.resources.pod.parts import CONTAINER_SECURITY, POD_SECURITY

__all__ = ["CHILDREN", "Stage", "eventually"]

CHILDREN = (
    "tracerrevisions,deployments,services,configmaps,serviceaccounts,jobs,"
    "networkpolicies,poddisruptionbudgets,httproutes"
)
"""Every kind that the operator creates."""

_WRITES = re.compile(
    r'^apiserver_request_total\{[^}]*resource="(?P<resource>[^"]*)"[^}]*'
    r'verb="(?P<verb>POST|PUT|PATCH|APPLY|DELETE)"[^}]*\} (?P<count>\S+)$',
    re.MULTILINE,
)
_WRITTEN_RESOURCES = frozenset(
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
    """The namespace of one end-to-end test."""

    cluster: Cluster
    images: Mapping[str, Reference]
    namespace: str

    @property
    def host(self) -> str:
        """The host name of the routes: other namespaces share the Gateway."""
        return f"{self.namespace}.test"

    def install(self) -> None:
        """Install everything into an empty namespace."""
        install(self.cluster, self.namespace, self.images)

    def remove(self) -> None:
        """Delete the namespace and all its objects."""
        now = ("--ignore-not-found", "--wait=false")
        self.cluster.kubectl("delete", "namespace", self.namespace, *now)

    def router(self, name: str, **spec: Any) -> Manifest:
        """Return the quickstart router, renamed and with sections replaced."""
        manifest = read_manifests(QUICKSTART)[0]
        manifest["metadata"]["name"] = name
        manifest["spec"].update(spec)
        manifest["spec"]["traffic"]["hostnames"] = [self.host]
        return manifest

    def watch(self, name: str) -> Watch:
        """Return a watch of a router."""
        return Watch(self.cluster, self.namespace, name)

    def clients(self, questions: Questions, load: Load) -> Clients:
        """Return clients of the route."""
        url = self.cluster.gateway_url
        return Clients(url, TEACHER_KEY, questions.labels, load, host=self.host)

    def kubectl(self, *words: str) -> str:
        """Run kubectl in the namespace."""
        return self.cluster.kubectl("-n", self.namespace, *words)

    def scale(self, deployment: str, replicas: int) -> None:
        """Scale a Deployment, and wait until it has this number of pods.

        A terminating pod counts until it is deleted, because it can still answer.
        """
        name = f"deployment/{deployment}"
        self.kubectl("scale", name, f"--replicas={replicas}")
        self.kubectl("rollout", "status", name, "--timeout=2m")
        labels = "-o=jsonpath={.spec.selector.matchLabels}"
        selector = json.loads(self.kubectl("get", name, labels))
        wanted = "-l=" + ",".join(f"{key}={value}" for key, value in selector.items())

        def settled() -> bool:
            pods = self.kubectl("get", "pods", "-o=name", wanted).split()
            return len(pods) == replicas

        eventually(settled, f"{deployment} at {replicas}", 60)

    def explain(self, router: str) -> str:
        """Return the output of `tracer-router explain`."""
        program = Path(sys.executable).with_name("tracer-router")
        config = self.cluster.kubeconfig
        completed = subprocess.run(
            [program, "explain", router, "-n", self.namespace],
            env={**os.environ, **({"KUBECONFIG": config} if config else {})},
            capture_output=True,
            text=True,
            check=True,
        )
        return completed.stdout

    def versions(self, kinds: str) -> dict[str, str]:
        """Return the resourceVersion of every object of some kinds."""
        items = self.cluster.get(kinds, "-n", self.namespace)["items"]
        return {
            f"{item['kind']}/{item['metadata']['name']}": item["metadata"][
                "resourceVersion"
            ]
            for item in items
        }

    def writes(self) -> dict[str, float]:
        """Return the number of writes to the API server, by verb and resource."""
        text = self.cluster.kubectl("get", "--raw", "/metrics")
        counts: dict[str, float] = {}
        for found in _WRITES.finditer(text):
            if found["resource"] in _WRITTEN_RESOURCES:
                key = f"{found['verb']} {found['resource']}"
                counts[key] = counts.get(key, 0) + float(found["count"])
        return counts

    def left_of(self, router: str) -> list[str]:
        """Return all objects in the namespace with the label of a router."""
        label = f"-l={ROUTER_LABEL}={router}"
        kinds = f"{CHILDREN},pods"
        items = self.cluster.get(kinds, label, "-n", self.namespace)["items"]
        return [f"{item['kind']}/{item['metadata']['name']}" for item in items]

    def start_python(self, name: str, router: str, code: str) -> None:
        """Start a program in the runtime image, with the store prefix of a router."""
        self.cluster.apply(self.namespace, self._pod(name, router, code))

    def run_python(self, name: str, router: str, code: str) -> str:
        """Run a program in the runtime image, and return its output."""
        self.start_python(name, router, code)
        condition = ("--for=jsonpath={.status.phase}=Succeeded", "--timeout=90s")
        try:
            self.kubectl("wait", f"pod/{name}", *condition)
        except DemoFailed as failed:
            raise DemoFailed(f"{failed}\n{self.kubectl('logs', name)}") from None
        output = self.kubectl("logs", name)
        self.kubectl("delete", "pod", name, "--wait=false")
        return output

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
    """Wait until a condition holds; fail after a number of seconds."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, f"{what} was not reached in {seconds} s"
        time.sleep(1)
