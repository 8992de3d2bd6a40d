from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tracer_router.api import Effect, TracerRevision, TracerRouter
from tracer_router.api.crd.generator import build_crd, generate, main
from tracer_router.api.crd.reference import field_effects, leaves
from tracer_router.api.crd.schema import structural

Schema = dict[str, Any]
KINDS = (TracerRouter, TracerRevision)


def schema_of(model: type[TracerRouter | TracerRevision]) -> Schema:
    version = build_crd(model)["spec"]["versions"][0]
    found: Schema = version["schema"]["openAPIV3Schema"]
    return found


def nodes(node: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    yield path, node
    for name, inner in node.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}")
    for key, step in (("items", "[]"), ("additionalProperties", "{}")):
        if key in node:
            yield from nodes(node[key], path + step)


ALL_NODES = [
    (f"{model.__name__}{path}", node)
    for model in KINDS
    for path, node in nodes(schema_of(model))
]


def test_every_object_is_closed() -> None:
    def is_open(node: Schema) -> bool:
        kept = "x-kubernetes-preserve-unknown-fields" in node
        closed = "properties" in node or "additionalProperties" in node
        return kept or (node.get("type") == "object" and not closed)

    found = {path for path, node in ALL_NODES if is_open(node)}
    # The API server knows the shape of metadata itself.
    assert found == {"TracerRouter.metadata", "TracerRevision.metadata"}


def test_every_field_of_ours_is_described_in_a_sentence() -> None:
    theirs = (".apiVersion", ".kind", ".metadata", "[]", "{}")
    undescribed = [
        path
        for path, node in ALL_NODES
        if not path.endswith(theirs) and not node.get("description", "").endswith(".")
    ]
    assert undescribed == []


def test_every_text_and_list_that_a_rule_reads_is_bounded() -> None:
    bounds = {"array": "maxItems", "string": "maxLength"}
    unbounded = [
        path
        for path, node in ALL_NODES
        if "x-kubernetes-validations" in node
        and bounds.get(node.get("type", ""), "") not in {"", *node}
    ]
    assert unbounded == []


def test_no_field_of_a_status_has_a_default_but_the_whole() -> None:
    status = schema_of(TracerRouter)["properties"]["status"]
    found = {path: node["default"] for path, node in nodes(status) if "default" in node}
    assert found == {"": {"observedGeneration": -1}}


def test_every_field_of_the_spec_says_what_a_change_does() -> None:
    paths = {path for path, _ in leaves(structural(TracerRouter)["properties"]["spec"])}
    assert field_effects(TracerRouter).keys() == paths


def test_what_the_claim_is_about_turns_the_surrogate_off() -> None:
    effects = field_effects(TracerRouter)
    off = {path for path in effects if effects[path] is Effect.SURROGATE_OFF}
    assert off == {
        "teacher.url",
        "teacher.protocol",
        "teacher.endpoints.path",
        "teacher.endpoints.input",
        "teacher.endpoints.label",
        "parity.target",
        "parity.confidence",
        "traces.capture",
        "traces.redactor",
        "traces.redact.name",
        "traces.redact.pattern",
    }


@pytest.mark.parametrize("model", KINDS)
def test_every_column_shows_a_field_that_exists(
    model: type[TracerRouter | TracerRevision],
) -> None:
    paths = {path.replace("[]", "") for path, _ in nodes(schema_of(model))}
    for column in model.resource.columns:
        path = column.json_path.replace('[?(@.type=="Ready")]', "").replace("[0]", "")
        assert path in paths or path == ".metadata.creationTimestamp"


def test_two_runs_give_the_same_bytes() -> None:
    assert generate() == generate()


def test_the_chart_carries_the_same_bytes() -> None:
    files = generate()
    copies = {path: text for path, text in files.items() if path.startswith("charts/")}
    assert copies == {
        f"charts/tracer-router/crds/{name}": files[f"crds/{name}"]
        for name in ("tracerrouters.yaml", "tracerrevisions.yaml")
    }


def test_a_check_names_what_is_stale_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check"], root=tmp_path) == 1
    assert "out of date: crds/tracerrouters.yaml" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_check_after_a_run_finds_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], root=tmp_path) == 0
    capsys.readouterr()
    assert main(["--check"], root=tmp_path) == 0
    assert capsys.readouterr().out == ""


def test_the_reference_shows_a_row_for_every_field_of_the_spec() -> None:
    page = generate()["docs/reference/api.md"]
    row = (
        "| `target` | string | **required** | surrogate off now | Agreement to certify."
    )
    assert row in page
    names = {path.rsplit(".", 1)[-1] for path in field_effects(TracerRouter)}
    assert [name for name in sorted(names) if f"| `{name}` |" not in page] == []


def test_a_field_named_n_is_quoted_for_readers_that_take_it_for_a_boolean() -> None:
    text = generate()["crds/tracerrouters.yaml"]
    assert "\n                  'n':\n" in text


def test_a_generated_crd_is_plain_yaml() -> None:
    text = generate()["crds/tracerrouters.yaml"]
    assert yaml.safe_load(text) == build_crd(TracerRouter)
