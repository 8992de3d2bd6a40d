"""Commands for routers in a cluster, over HTTP to an API server in memory."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from support.manifests import revision_manifest, router_manifest

pytestmark = pytest.mark.slow

PREFIX = "/apis/tracerml.ai/v1alpha1/namespaces/team"
KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: test, namespace: team}}]
clusters: [{name: test, cluster: {server: "http://127.0.0.1:PORT"}}]
users: [{name: test, user: {}}]
"""


@dataclass
class Api:
    """The objects of an API server, and the annotations that it received."""

    objects: dict[str, list[dict[str, Any]]]
    kubeconfig: Path
    annotations: dict[str, str | None] = field(default_factory=dict)

    def run(self, *call: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig)}
        return subprocess.run(
            [sys.executable, "-m", "tracer_cli", *call],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    revision = revision_manifest("tickets-r4", revision=4)
    served = Api(
        {
            "tracerrouters": [router_manifest() | {"status": {"phase": "Shadow"}}],
            "tracerrevisions": [revision | {"status": {"phase": "Shadow"}}],
        },
        tmp_path / "kubeconfig",
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer({"items": served.objects[self.path.rpartition("/")[2]]})

        def do_PATCH(self) -> None:
            assert self.path == f"{PREFIX}/tracerrouters/tickets"
            body = self.rfile.read(int(self.headers["content-length"]))
            served.annotations |= json.loads(body)["metadata"]["annotations"]
            self.answer({})

        def answer(self, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        port = str(server.server_address[1])
        served.kubeconfig.write_text(KUBECONFIG.replace("PORT", port))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield served
        server.shutdown()


def test_a_command_is_requested_for_the_newest_possible_revision(api: Api) -> None:
    ended = api.run("promote", "tickets")
    ((name, command),) = api.annotations.items()
    request_id = name.removeprefix("tracerml.ai/do-")
    assert command == "promote 4"
    assert re.fullmatch(r"\d{8}t\d{6}-[0-9a-f]{6}", request_id)
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        0,
        (
            f"promote requested for revision 4 (id {request_id}). Run `tracer-router"
            " explain tickets` to see the result.\n"
        ),
        "",
    )


def test_a_pause_is_confirmed_and_resumed(api: Api) -> None:
    paused = api.run("pause", "tickets")
    assert paused.stdout == (
        "Paused: no rollout steps or training. Rollback checks stay active.\n"
    )
    assert api.annotations.keys() == {"tracerml.ai/paused"}
    resumed = api.run("resume", "tickets")
    assert resumed.stdout == "Resumed: rollout steps and training continue.\n"
    assert api.annotations == {"tracerml.ai/paused": None}


def test_tables_in_a_pipe_are_aligned_text(api: Api) -> None:
    status, revisions = api.run("status"), api.run("revisions", "tickets")
    assert [line.split()[0] for line in status.stdout.splitlines()] == [
        "NAME",
        "tickets",
    ]
    assert [line.split()[:2] for line in revisions.stdout.splitlines()] == [
        ["REVISION", "PHASE"],
        ["4", "Shadow"],
    ]
    assert (status.stdout + revisions.stdout).isascii()


def test_an_explanation_names_the_router_and_its_revisions(api: Api) -> None:
    lines = api.run("explain", "tickets").stdout.splitlines()
    assert lines[0] == "tickets: Shadow"
    assert "  revision 4: Shadow" in lines


def test_a_router_that_does_not_exist_is_one_line_with_the_existing_ones(
    api: Api,
) -> None:
    ended = api.run("explain", "tikets")
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        1,
        "",
        (
            "tracer-router: TracerRouter tikets not found in namespace team; existing"
            " routers: tickets\n"
        ),
    )


def test_a_cluster_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG.replace("PORT", "9"))
    ended = Api({}, kubeconfig).run("status")
    assert ended.returncode == 1
    assert ended.stderr.startswith("tracer-router: ")
    assert ended.stderr.count("\n") == 1
