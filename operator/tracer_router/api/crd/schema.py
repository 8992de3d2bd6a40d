"""Structural schemas of the models, as the API server requires them.

The JSON schema of pydantic is rewritten where the formats differ. A construct without a
structural form raises an error here instead of at the API server.
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
    | {"anyOf"}  # only an integer or a string; other unions are rejected before
)


def structural(model: type[ApiModel]) -> Schema:
    """Return the structural schema of a model, including keywords that start with `x-`.

    Raises:
        ValueError: A field has no structural form; the message contains the keyword.
    """
    schema = model.model_json_schema(by_alias=True)
    return _rewrite(schema, schema.get("$defs", {}))


def _rewrite(node: Schema, definitions: Schema) -> Schema:
    """Return a node with all keywords in the format of the API server."""
    flat = _flatten(node, definitions)
    schema: Schema = {}
    for key in flat:
        schema |= _rewrite_keyword(flat, key, definitions)
    if "items" in schema:
        schema.setdefault(_LIST_TYPE, "atomic")
        _reject_optional_keys(schema)
    if "properties" in schema and "default" in schema:
        # Written out in full: the API server validates a default against the rules of
        # the object before it applies the defaults of the fields.
        fields = schema["properties"]
        schema["default"] = {
            name: field["default"]
            for name, field in fields.items()
            if "default" in field
        }
    return schema


def _flatten(node: Schema, definitions: Schema) -> Schema:
    """Return a node without references and without null as an alternative."""
    while True:
        if "$ref" in node:
            name = node["$ref"].rsplit("/", 1)[-1]
            inner = definitions[name]
        elif "anyOf" in node and _INT_OR_STRING not in node:
            inner = _only_choice(node["anyOf"])
        else:
            return node
        node = _merge(inner, node)


def _only_choice(choices: list[Schema]) -> Schema:
    values = [choice for choice in choices if choice.get("type") != "null"]
    if len(values) != 1:
        raise ValueError(f"a union has no structural form: {choices}")
    return values[0]


def _merge(inner: Schema, outer: Schema) -> Schema:
    around = {key: outer[key] for key in outer if key not in ("$ref", "anyOf")}
    rules = [*inner.get(RULES_KEY, ()), *outer.get(RULES_KEY, ())]
    return {**inner, **around} | ({RULES_KEY: rules} if rules else {})


def _rewrite_keyword(node: Schema, key: str, definitions: Schema) -> Schema:
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
            _reject_unknown(node, key)
    return {key: value}


def _reject_unknown(node: Schema, key: str) -> None:
    if key not in _KNOWN and not key.startswith("x-"):
        raise ValueError(f"{key} has no structural form: {node}")


def _reject_optional_keys(items: Schema) -> None:
    required = items["items"].get("required", ())
    for key in items.get("x-kubernetes-list-map-keys", ()):
        if key not in required:
            raise ValueError(
                f"an optional list key has no structural form; make {key} required"
            )


def _default(value: Any) -> Schema:
    return {} if value is None or value == [] else {"default": value}
