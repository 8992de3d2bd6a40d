"""The Helm command, and an API server that validates the rendered manifests."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typing_extensions import override

from devcluster.go_build import HELM
from support.apiserver import ApiServer, NoApiServer, api_server
from support.chart import Chart, Manifest

ROOT = Path(__file__).parents[2]
KEYS = {"accessKeyId": "key", "secretAccessKey": "secret"}


class HelmChart(Chart):
    """The chart, rendered by the Helm command."""

    @override
    def render(self, **values: object) -> list[Manifest]:
        ended = self._helm("template", "tracer", **values)
        assert ended.returncode == 0, ended.stderr
        return [manifest for manifest in yaml.safe_load_all(ended.stdout) if manifest]

    @override
    def refusal(self, **values: object) -> str:
        ended = self._helm("template", "tracer", **values)
        assert ended.returncode != 0, "helm accepted the values"
        return ended.stderr

    def _helm(
        self, *arguments: str, **values: object
    ) -> "subprocess.CompletedProcess[str]":
        command = [str(HELM.binary), *arguments, str(ROOT / "charts" / "tracer-router")]
        options = ["--namespace", "tracer", "--values", "-"]
        text = yaml.safe_dump(values)
        return subprocess.run(
            [*command, *options],
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def chart() -> Chart:
    if not HELM.binary.exists():
        pytest.skip("helm not found; run python -m devcluster prerequisites --install")
    return HelmChart()


@pytest.fixture(scope="session")
def rendered(chart: Chart) -> list[Manifest]:
    return chart.render(store={"credentials": KEYS})


@pytest.fixture(scope="session")
def api() -> Iterator[ApiServer]:
    try:
        with api_server() as server:
            labels = {"pod-security.kubernetes.io/enforce": "restricted"}
            namespace = {"metadata": {"name": "tracer", "labels": labels}}
            server.create("/api/v1/namespaces", namespace)
            yield server
            server.delete("/api/v1/namespaces/tracer")
    except NoApiServer as error:
        pytest.skip(str(error))
