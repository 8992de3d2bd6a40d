"""The API reference page, generated from the same schemas as the CRDs."""

import json
from collections.abc import Iterator
from typing import Any, Final

from tracer_router.api.base.model import EFFECT_KEY, RULES_KEY, ApiModel, Effect
from tracer_router.api.crd.schema import Schema, structural

__all__ = ["field_effects", "leaves", "reference_page"]

_EFFECTS: Final = {
    Effect.NOTHING: "The certificate remains valid. If the pods need a new"
    " configuration, they are replaced one by one.",
    Effect.NEW_ROUTE: "The certificate remains valid. Only the route to the pods"
    " changes.",
    Effect.RECERTIFY: "Changing the field invalidates the certificate. The teacher"
    " answers all requests until a surrogate is certified again.",
    Effect.SURROGATE_OFF: "Changing the field invalidates the certificate. All pods"
    " disable the surrogate within seconds, and the teacher answers all requests until"
    " a surrogate is certified again.",
}

_INTRODUCTION: Final = """\
# API reference

Fields of the kinds `TracerRouter` and `TracerRevision` in API version
`tracerml.ai/v1alpha1`. `kubectl explain tracerrouter.spec` shows the same descriptions.

This page is generated from the models in `operator/tracer_router/api`. To change it,
edit the models and run `python -m tracer_router.api.crd`.

## Conventions

- A field without a default is optional unless it is marked as **required**.
- A percentage is a string with a percent sign, such as `95%` or `99.5%`.
- A duration is a string with a whole number and a unit, such as `30s`, `10m`, `24h`, or
  `90d`.
- A quantity is a Kubernetes quantity, such as `500m` or `2Gi`.
- An amount of money is a string with a decimal number, such as `"2.50"`, in the
  currency of `spec.teacher.prices`.
- The rules below a table are the messages of the API server for an invalid value.

## What a change does

The column *Change* of a spec field shows the effect of a change on a live certificate:

"""


def reference_page(*models: type[ApiModel]) -> str:
    """Return the page: one section for each kind, with one table for each object."""
    rows = [["Change", "Effect"], ["---", "---"]]
    rows += [[effect.value, _EFFECTS[effect]] for effect in Effect]
    parts = [_INTRODUCTION + "\n".join(map(_row, rows)) + "\n"]
    for model in models:
        schema = structural(model)
        parts.append(f"## {model.__name__}\n\n{schema['description']}\n")
        with_effects = bool(field_effects(model))
        fields = schema["properties"]
        parts.extend(_sections("spec", fields["spec"], effects=with_effects))
        parts.extend(_sections("status", fields["status"], effects=False))
    return "\n".join(parts)


def field_effects(model: type[ApiModel]) -> dict[str, Effect]:
    """Return the effect of a change of each spec field, by its path below `spec`."""
    spec = structural(model)["properties"]["spec"]
    return {
        path: Effect(leaf[EFFECT_KEY])
        for path, leaf in leaves(spec)
        if EFFECT_KEY in leaf
    }


def leaves(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Yield each field that is not an object or a list of objects, with its path."""
    for name, field in schema["properties"].items():
        field_path = f"{path}.{name}" if path else name
        inner = _object_schema(field)
        if inner is None:
            yield field_path, field
        else:
            yield from leaves(inner, field_path)


def _object_schema(field: Schema) -> Schema | None:
    candidate: Schema = field.get("items", field)
    return candidate if "properties" in candidate else None


def _sections(path: str, schema: Schema, *, effects: bool) -> Iterator[str]:
    """Yield the section of an object, and then those of its fields."""
    required = schema.get("required", ())
    titles = [
        "Field",
        "Type",
        "Default",
        *(["Change"] if effects else []),
        "Description",
    ]
    lines = [f"### `{path}`\n", schema.get("description", ""), "", _row(titles)]
    lines.append(_row(["---"] * len(titles)))
    for name, field in schema["properties"].items():
        default = "**required**" if name in required else _default(field)
        change = [field.get(EFFECT_KEY, "")] if effects else []
        description = field.get("description", "")
        lines.append(_row([f"`{name}`", _type(field), default, *change, description]))
    rules = list(_rules(schema))
    if rules:
        lines.extend(["", "Rules:", "", *rules])
    yield "\n".join([*lines, ""])
    for name, field in schema["properties"].items():
        inner = _object_schema(field)
        if inner is not None:
            inner_path = f"{path}.{name}" + ("[]" if "items" in field else "")
            yield from _sections(inner_path, inner, effects=effects)


def _row(cells: list[str]) -> str:
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"


def _default(field: Schema) -> str:
    if "default" not in field or "properties" in field:
        return ""  # the defaults of an object are those of its fields
    value: Any = field["default"]
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _type(field: Schema) -> str:
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if "items" in field:
        key = field.get("x-kubernetes-list-map-keys")
        unique = f", unique by `{key[0]}`" if key else ""
        return f"list of {_type(field['items'])}{unique}"
    if "additionalProperties" in field:
        return f"map of string to {_type(field['additionalProperties'])}"
    if field.get("x-kubernetes-int-or-string"):
        return "quantity"
    return str(field["format"] if "format" in field else field["type"]) + _bounds(field)


def _bounds(field: Schema) -> str:
    if "minimum" not in field:
        return ""
    if "maximum" not in field:
        return f", at least {field['minimum']}"
    return f", {field['minimum']} to {field['maximum']}"


def _rules(schema: Schema) -> Iterator[str]:
    """Yield the rules of an object and of its fields, as the API server states them."""
    for rule in schema.get(RULES_KEY, ()):
        yield f"- {rule['message']}."
    for name, field in schema["properties"].items():
        if _object_schema(field) is None:
            rules = field.get(RULES_KEY, ())
            item_rules = field.get("items", {}).get(RULES_KEY, ())
            for rule in (*rules, *item_rules):
                yield f"- `{name}`: {rule['message']}."
