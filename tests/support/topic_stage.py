"""Servers and volumes for the end-to-end test with invented words."""

import base64
import tempfile
from pathlib import Path

from examples.demo.cluster import Manifest
from examples.demo.install import TEACHER_KEY
from support import hidden_topics, topic_server
from support.onnx_folder import write_onnx_folder
from support.stage import Stage
from tracer_router.resources.pod.parts import CONTAINER_SECURITY, POD_SECURITY

__all__ = ["EMBEDDINGS", "KEY", "TEACHER", "serve_topics", "store_encoder"]

TEACHER, EMBEDDINGS = "topics", "embeddings"
"""Names of the two Services; the latter is that of a Secret, too."""
KEY = "sk-of-the-embeddings"
"""The key of the embeddings endpoint."""


def serve_topics(stage: Stage) -> None:
    """Start a teacher for topics and an embeddings endpoint in the namespace."""
    stage.cluster.apply(stage.namespace, *_servers(stage))
    for name in (TEACHER, EMBEDDINGS):
        stage.kubectl("rollout", "status", f"deployment/{name}", "--timeout=2m")


def store_encoder(stage: Stage, texts: list[str]) -> None:
    """Store an ONNX encoder in a volume, as a user would."""
    with tempfile.TemporaryDirectory() as scratch:
        made = write_onnx_folder(Path(scratch) / "words", texts)
        files = {
            path.name: base64.b64encode(path.read_bytes()).decode()
            for path in made.iterdir()
        }
    code = (
        "import pathlib, shutil; to = pathlib.Path('/claim/words'); to.mkdir()\n"
        "for name in ('model.onnx', 'tokenizer.json'):"
        " shutil.copy(f'/encoder/{name}', to)"
    )
    container = {
        "name": "carrier",
        "image": str(stage.images["runtime"]),
        "command": ["python3", "-c", code],
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": [
            {"name": "claim", "mountPath": "/claim"},
            {"name": "encoder", "mountPath": "/encoder"},
        ],
    }
    pod = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": POD_SECURITY,
        "containers": [container],
        "volumes": [
            {"name": "claim", "persistentVolumeClaim": {"claimName": "encoders"}},
            {"name": "encoder", "configMap": {"name": "encoder"}},
        ],
    }
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "100Mi"}},
    }
    stage.cluster.apply(
        stage.namespace,
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "encoder"},
            "binaryData": files,
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "encoders"},
            "spec": claim,
        },
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "carrier"},
            "spec": pod,
        },
    )
    condition = ("--for=jsonpath={.status.phase}=Succeeded", "--timeout=90s")
    stage.kubectl("wait", "pod/carrier", *condition)


def _servers(stage: Stage) -> list[Manifest]:
    code = {
        Path(module.__file__ or "").name: Path(module.__file__ or "").read_text()
        for module in (hidden_topics, topic_server)
    }
    code["__init__.py"] = ""
    keys = {TEACHER: TEACHER_KEY, EMBEDDINGS: KEY}
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "topic-server"},
            "data": code,
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": EMBEDDINGS},
            "stringData": {"api-key": KEY, "allowed-hosts": EMBEDDINGS},
        },
        *(item for name in keys for item in _server(stage, name, keys[name])),
    ]


def _server(stage: Stage, name: str, key: str) -> list[Manifest]:
    labels = {"app": name}
    container = {
        "name": "server",
        "image": str(stage.images["runtime"]),
        "command": ["python3", "-m", "support.topic_server", key],
        "env": [
            {
                "name": "PYTHONPATH",
                "value": "/program:/opt/tracer/app:/opt/tracer/deps",
            }
        ],
        "ports": [{"containerPort": 8000}],
        "readinessProbe": {
            "httpGet": {"path": "/asked", "port": 8000},
            "periodSeconds": 1,
        },
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": [{"name": "program", "mountPath": "/program/support"}],
    }
    pod = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": POD_SECURITY,
        "containers": [container],
        "volumes": [{"name": "program", "configMap": {"name": "topic-server"}}],
    }
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8000}]},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        },
    ]
