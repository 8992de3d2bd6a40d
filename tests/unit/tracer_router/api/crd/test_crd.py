import json
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
    # The API server defines the schema of metadata.
    assert found == {"TracerRouter.metadata", "TracerRevision.metadata"}


def test_every_field_has_a_description_of_full_sentences() -> None:
    standard = (".apiVersion", ".kind", ".metadata", "[]", "{}")
    undescribed = [
        path
        for path, node in ALL_NODES
        if not path.endswith(standard) and not node.get("description", "").endswith(".")
    ]
    assert undescribed == []


def test_every_string_and_list_with_a_rule_has_a_maximum_size() -> None:
    bounds = {"array": "maxItems", "string": "maxLength"}
    unbounded = [
        path
        for path, node in ALL_NODES
        if "x-kubernetes-validations" in node
        and bounds.get(node.get("type", ""), "") not in {"", *node}
    ]
    assert unbounded == []


def test_only_the_whole_status_has_a_default() -> None:
    status = schema_of(TracerRouter)["properties"]["status"]
    found = {path: node["default"] for path, node in nodes(status) if "default" in node}
    assert found == {"": {"observedGeneration": -1}}


def test_every_field_of_the_spec_declares_the_effect_of_a_change() -> None:
    paths = {path for path, _ in leaves(structural(TracerRouter)["properties"]["spec"])}
    assert field_effects(TracerRouter).keys() == paths


def test_fields_that_the_guarantee_depends_on_turn_the_surrogate_off() -> None:
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
def test_every_column_refers_to_an_existing_field(
    model: type[TracerRouter | TracerRevision],
) -> None:
    paths = {path.replace("[]", "") for path, _ in nodes(schema_of(model))}
    for column in model.resource.columns:
        path = column.json_path.replace('[?(@.type=="Ready")]', "").replace("[0]", "")
        assert path in paths or path == ".metadata.creationTimestamp"


def test_two_runs_give_the_same_bytes() -> None:
    assert generate() == generate()


def test_the_chart_contains_the_same_bytes() -> None:
    files = generate()
    copies = {path: text for path, text in files.items() if path.startswith("charts/")}
    assert copies == {
        f"charts/tracer-router/crds/{name}": files[f"crds/{name}"]
        for name in ("tracerrouters.yaml", "tracerrevisions.yaml")
    }


def test_a_check_lists_the_stale_files_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check"], root=tmp_path) == 1
    assert "out of date: crds/tracerrouters.yaml" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_check_after_a_run_lists_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], root=tmp_path) == 0
    capsys.readouterr()
    assert main(["--check"], root=tmp_path) == 0
    assert capsys.readouterr().out == ""


def test_the_reference_has_a_row_for_every_field_of_the_spec() -> None:
    page = generate()["docs/reference/api.md"]
    row = (
        "| `target` | string | **required** | surrogate off | Agreement that a"
        " surrogate must be certified for"
    )
    assert row in page
    names = {path.rsplit(".", 1)[-1] for path in field_effects(TracerRouter)}
    assert [name for name in sorted(names) if f"| `{name}` |" not in page] == []


def test_a_field_named_n_is_quoted_for_parsers_that_read_it_as_a_boolean() -> None:
    text = generate()["crds/tracerrouters.yaml"]
    assert "\n                  'n':\n" in text


@pytest.mark.parametrize("model", KINDS)
def test_a_generated_crd_is_yaml_without_anchors(
    model: type[TracerRouter | TracerRevision],
) -> None:
    text = generate()[f"crds/{model.resource.plural}.yaml"]
    events = list(yaml.parse(text))
    anchors = [event for event in events if getattr(event, "anchor", None)]
    assert yaml.safe_load(text) == build_crd(model)
    assert anchors == []


@pytest.mark.parametrize("model", KINDS)
def test_a_crd_fits_into_the_annotation_of_client_side_apply(
    model: type[TracerRouter | TracerRevision],
) -> None:
    text = generate()[f"crds/{model.resource.plural}.yaml"]
    assert len(text.encode()) <= 200 * 1024
    assert len(json.dumps(build_crd(model)).encode()) < 256 * 1024


@pytest.mark.parametrize("model", KINDS)
def test_every_rule_states_the_allowed_values(
    model: type[TracerRouter | TracerRevision],
) -> None:
    messages = [
        rule["message"]
        for _, node in nodes(schema_of(model))
        for rule in node.get("x-kubernetes-validations", ())
    ]
    stated = ("must", "required", "not allowed", "immutable")
    unclear = [text for text in messages if not any(word in text for word in stated)]
    assert messages
    assert unclear == []
