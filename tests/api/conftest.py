"""One API server for the whole run, with the CRDs of the repository and a namespace."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from support.apiserver import ApiServer, NoApiServer, api_server

ROOT = Path(__file__).parents[2]
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture(scope="session")
def api() -> Iterator[ApiServer]:
    try:
        with api_server() as server:
            for file in sorted((ROOT / "crds").glob("*.yaml")):
                _define(server, file)
            yield server
    except NoApiServer as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def namespace(api: ApiServer) -> Iterator[str]:
    made = api.create(
        "/api/v1/namespaces", {"metadata": {"generateName": "api-tests-"}}
    )
    name = str(made.body["metadata"]["name"])
    yield name
    api.delete(f"/api/v1/namespaces/{name}")


def _define(server: ApiServer, file: Path) -> None:
    text = file.read_text()
    path = f"{DEFINITIONS}/{yaml.safe_load(text)['metadata']['name']}"
    # The bytes are sent unchanged, because the YAML parsers of Python and of the API
    # server differ.
    answer = server.apply(path, text)
    assert answer.message == ""
    deadline = time.monotonic() + 20
    while not _established(server, path):
        assert time.monotonic() < deadline, f"{path} is not established"
        time.sleep(0.05)


def _established(server: ApiServer, path: str) -> bool:
    conditions = server.get(path).body["status"].get("conditions") or []
    return any(
        condition["type"] == "Established" and condition["status"] == "True"
        for condition in conditions
    )
