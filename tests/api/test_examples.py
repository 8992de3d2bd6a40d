"""The API server accepts every TracerRouter of the examples."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from support.apiserver import ApiServer

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]


def routers() -> dict[str, dict[str, Any]]:
    """Return the TracerRouters of the examples by file and name."""
    return {
        f"{file.relative_to(ROOT)}:{document['metadata']['name']}": document
        for file in sorted((ROOT / "examples").rglob("*.yaml"))
        for document in yaml.safe_load_all(file.read_text())
        if document and document["kind"] == "TracerRouter"
    }


@pytest.mark.parametrize("name", routers())
def test_an_example_is_accepted(api: ApiServer, namespace: str, name: str) -> None:
    manifest = routers()[name]
    manifest["metadata"]["namespace"] = namespace
    url = f"/apis/tracerml.ai/v1alpha1/namespaces/{namespace}/tracerrouters"
    assert api.create(url, manifest, dryRun="All").message == ""
