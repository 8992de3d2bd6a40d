"""The base class of API models, and the annotations of their fields.

Attribute docstrings are the field descriptions of the CRD and of the API reference.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import override

__all__ = ["EFFECT_KEY", "RULES_KEY", "ApiModel", "Effect", "ListMap", "Rule"]


EFFECT_KEY = "x-tracer-effect"
"""Schema keyword of the effect. The API reference shows it; the CRD omits it."""

RULES_KEY = "x-kubernetes-validations"
"""Schema keyword of the validation rules."""


class Effect(StrEnum):
    """The effect of a change of a spec field on a live certificate."""

    NOTHING = "none"
    """The certificate remains valid; pods may be replaced one by one."""
    NEW_ROUTE = "new route"
    """The certificate remains valid; only the route to the pods changes."""
    RECERTIFY = "certify again"
    """The change invalidates the certificate; the surrogate must be certified again."""
    SURROGATE_OFF = "surrogate off"
    """The change invalidates the certificate; all pods disable the surrogate within
    seconds."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(core_schema), EFFECT_KEY: self.value}


@dataclass(frozen=True, slots=True)
class Rule:
    """A CEL validation rule of a field or, as a class attribute, of an object."""

    rule: str
    """The CEL expression, true for a valid value."""
    message: str
    """The error message: the allowed values and an example. The API server prefixes it
    with the path of the field."""
    field_path: str | None = None
    """Path of the field that the error refers to, relative to the object."""

    def manifest(self) -> dict[str, str]:
        """Return the rule in the format of a CRD."""
        rule = {"rule": self.rule, "message": self.message}
        return rule | ({"fieldPath": self.field_path} if self.field_path else {})

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        rules = schema.get(RULES_KEY, [])
        return {**schema, RULES_KEY: [*rules, self.manifest()]}


@dataclass(frozen=True, slots=True)
class ListMap:
    """Marks a list as a map, so that several field managers can own items of it."""

    key: str
    """Field of an item that identifies it."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        keywords = {
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": [self.key],
        }
        return {**handler(core_schema), **keywords}


class ApiModel(BaseModel):
    """An immutable part of an API object, serialized in camelCase.

    The CRD rejects unknown fields. The operator ignores them, because the CRD can be
    newer than the operator after a rollback of the operator.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    rules: ClassVar[tuple[Rule, ...]] = ()
    """Validation rules that involve several fields."""

    @classmethod
    @override
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema with the rules of the class."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        if cls.rules:
            schema[RULES_KEY] = [rule.manifest() for rule in cls.rules]
        return schema

    def to_manifest(self) -> dict[str, Any]:
        """Return the object as JSON for the API server, in camelCase without nulls."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
