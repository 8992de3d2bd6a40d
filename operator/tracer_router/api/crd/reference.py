"""The reference page of the API, made from the same schemas as the CRDs."""

import json
from collections.abc import Iterator
from typing import Any

from tracer_router.api.base.model import EFFECT_KEY, RULES_KEY, ApiModel, Effect
from tracer_router.api.crd.schema import Schema, structural

__all__ = ["field_effects", "leaves", "reference_page"]

_EFFECTS = {
    Effect.NOTHING: "The certificate stands; pods may restart one by one.",
    Effect.NEW_ROUTE: "Only the way to the pods changes; the certificate stands.",
    Effect.RECERTIFY: "The certificate is about other ground: the teacher answers"
    " until there is a new one.",
    Effect.SURROGATE_OFF: "The claim no longer covers what is asked: every pod is told"
    " within seconds, and the teacher answers until there is a new certificate.",
}

_INTRODUCTION = """\
# API reference

Generated from the models in `operator/tracer_router/api`; the same sentences are shown
by `kubectl explain`. Percentages are text as people write it (`95%`, `99.5%`).

The column *a change* says what changing the field does to a live certificate:

| a change | what happens |
|---|---|
"""


def reference_page(*models: type[ApiModel]) -> str:
    """Give the page: a table for each object of each kind."""
    effects = [_row([effect.value, _EFFECTS[effect]]) for effect in Effect]
    parts = [_INTRODUCTION + "\n".join(effects) + "\n"]
    for model in models:
        schema = structural(model)
        parts.append(f"## {model.__name__}\n\n{schema['description']}\n")
        changes = bool(field_effects(model))
        parts.extend(_tables("spec", schema["properties"]["spec"], effects=changes))
        parts.extend(_tables("status", schema["properties"]["status"], effects=False))
    return "\n".join(parts)


def field_effects(model: type[ApiModel]) -> dict[str, Effect]:
    """Give what a change of each spec field does, by its path below `spec`."""
    spec = structural(model)["properties"]["spec"]
    return {
        path: Effect(leaf[EFFECT_KEY])
        for path, leaf in leaves(spec)
        if EFFECT_KEY in leaf
    }


def leaves(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Give every field that is no object and no list of objects, by its path."""
    for name, field in schema["properties"].items():
        here = f"{path}.{name}" if path else name
        inner = _object_in(field)
        if inner is None:
            yield here, field
        else:
            yield from leaves(inner, here)


def _object_in(field: Schema) -> Schema | None:
    candidate: Schema = field.get("items", field)
    return candidate if "properties" in candidate else None


def _tables(path: str, schema: Schema, *, effects: bool) -> Iterator[str]:
    required = schema.get("required", ())
    titles = ["field", "type", "default", *(["a change"] if effects else []), "meaning"]
    lines = [f"### `{path}`\n", schema.get("description", ""), "", _row(titles)]
    lines.append(_row(["---"] * len(titles)))
    for name, field in schema["properties"].items():
        default = "**required**" if name in required else _default(field)
        change = [field.get(EFFECT_KEY, "")] if effects else []
        meaning = field.get("description", "")
        lines.append(_row([f"`{name}`", _type(field), default, *change, meaning]))
    rules = list(_rules(schema))
    yield "\n".join([*lines, "", *rules, *([""] if rules else [])])
    for name, field in schema["properties"].items():
        inner = _object_in(field)
        if inner is not None:
            here = f"{path}.{name}" + ("[]" if "items" in field else "")
            yield from _tables(here, inner, effects=effects)


def _row(cells: list[str]) -> str:
    escaped = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"


def _default(field: Schema) -> str:
    if "default" not in field or "properties" in field:
        return ""  # the fields of an object say theirs
    value: Any = field["default"]
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _type(field: Schema) -> str:
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if "items" in field:
        key = field.get("x-kubernetes-list-map-keys")
        return f"list of {_type(field['items'])}" + (f", by `{key[0]}`" if key else "")
    if "additionalProperties" in field:
        return f"map to {_type(field['additionalProperties'])}"
    if field.get("x-kubernetes-int-or-string"):
        return "quantity"
    return str(field["format"] if "format" in field else field["type"]) + _bounds(field)


def _bounds(field: Schema) -> str:
    if "minimum" not in field:
        return ""
    if "maximum" not in field:
        return f", from {field['minimum']}"
    return f", {field['minimum']} to {field['maximum']}"


def _rules(schema: Schema) -> Iterator[str]:
    """Give the rules of an object and of its fields, in the words of a refusal."""
    for rule in schema.get(RULES_KEY, ()):
        yield f"- {rule['message']}."
    for name, field in schema["properties"].items():
        if _object_in(field) is None:
            own = field.get(RULES_KEY, ())
            of_items = field.get("items", {}).get(RULES_KEY, ())
            yield from (f"- `{name}`: {rule['message']}." for rule in (*own, *of_items))
