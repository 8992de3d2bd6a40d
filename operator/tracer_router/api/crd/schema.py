"""Structural schemas from the models, as the API server takes them.

What pydantic writes is rewritten where the two differ; a construct that has no
structural form is an error here, not at the API server.
"""

from typing import Any

from tracer_router.api.base.model import RULES_KEY, ApiModel

__all__ = ["Schema", "structural"]

Schema = dict[str, Any]

_INT_OR_STRING = "x-kubernetes-int-or-string"
_LIST_TYPE = "x-kubernetes-list-type"
_KNOWN = (
    {"type", "enum", "format", "required", "pattern"}
    | {"minimum", "maximum", "minLength", "maxLength"}
    | {"minItems", "maxItems", "maxProperties"}
    | {"anyOf"}  # an integer or a string; every other union is refused before
)


def structural(model: type[ApiModel]) -> Schema:
    """Give the structural schema of a model, marks that begin with ``x-`` included.

    Raises:
        ValueError: A field has no structural form; the message says which keyword.
    """
    schema = model.model_json_schema(by_alias=True)
    return _rewrite(schema, schema.get("$defs", {}))


def _rewrite(node: Schema, definitions: Schema) -> Schema:
    """Give a node with every keyword in the API server's form."""
    flat = _flattened(node, definitions)
    found: Schema = {}
    for key in flat:
        found |= _keyword(flat, key, definitions)
    if "items" in found:
        found.setdefault(_LIST_TYPE, "atomic")
        _refuse_optional_keys(found)
    if "properties" in found and "default" in found:
        # Written out: the API server holds a default against the object's own rules
        # before it fills in the defaults of the fields.
        inner = found["properties"]
        given = {name: inner[name] for name in inner if "default" in inner[name]}
        found["default"] = {name: given[name]["default"] for name in given}
    return found


def _flattened(node: Schema, definitions: Schema) -> Schema:
    """Give a node without references and without null as a choice."""
    while True:
        if "$ref" in node:
            name = node["$ref"].rsplit("/", 1)[-1]
            inner = definitions[name]
        elif "anyOf" in node and _INT_OR_STRING not in node:
            inner = _only_choice(node["anyOf"])
        else:
            return node
        node = _joined(inner, node)


def _only_choice(choices: list[Schema]) -> Schema:
    found = [each for each in choices if each.get("type") != "null"]
    if len(found) != 1:
        raise ValueError(f"a union has no structural form: {choices}")
    return found[0]


def _joined(inner: Schema, outer: Schema) -> Schema:
    around = {key: outer[key] for key in outer if key not in ("$ref", "anyOf")}
    rules = [*inner.get(RULES_KEY, ()), *outer.get(RULES_KEY, ())]
    return {**inner, **around} | ({RULES_KEY: rules} if rules else {})


def _keyword(node: Schema, key: str, definitions: Schema) -> Schema:
    value = node[key]
    match key:
        case "title" | "$defs":
            return {}
        case "default":
            return _default(value)
        case "const":
            key, value = "enum", [value]
        case "description":
            value = " ".join(value.split())
        case "properties":
            value = {name: _rewrite(value[name], definitions) for name in value}
        case "items" | "additionalProperties":
            value = _rewrite(value, definitions)
        case _:
            _refuse_unknown(node, key)
    return {key: value}


def _refuse_unknown(node: Schema, key: str) -> None:
    if key not in _KNOWN and not key.startswith("x-"):
        raise ValueError(f"{key} has no structural form: {node}")


def _refuse_optional_keys(items: Schema) -> None:
    required = items["items"].get("required", ())
    for key in items.get("x-kubernetes-list-map-keys", ()):
        if key not in required:
            raise ValueError(f"an optional key has no structural form: require {key}")


def _default(value: Any) -> Schema:
    return {} if value is None or value == [] else {"default": value}
