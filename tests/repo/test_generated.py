"""What is generated from the models is what lies in the tree."""

from pathlib import Path

import pytest

from tracer_router.api.crd.generator import generate

ROOT = Path(__file__).parents[2]
REMEDY = "run: python -m tracer_router.api.crd"


@pytest.mark.parametrize("path", sorted(generate()))
def test_a_generated_file_is_current(path: str) -> None:
    assert (ROOT / path).read_text() == generate()[path], REMEDY


@pytest.mark.parametrize("folder", ["crds", "charts/tracer-router/crds"])
def test_a_folder_of_definitions_holds_nothing_else(folder: str) -> None:
    found = {f"{folder}/{path.name}" for path in (ROOT / folder).glob("*.yaml")}
    assert found == {path for path in generate() if path.startswith(f"{folder}/")}
