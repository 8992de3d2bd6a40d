"""The base of every API model, and what a field carries besides its type.

Attribute docstrings are the field descriptions of the CRD and of the reference page.
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
"""Where a schema carries the effect; the reference page shows it, the CRD not."""

RULES_KEY = "x-kubernetes-validations"
"""Where a schema carries its rules."""


class Effect(StrEnum):
    """What a change of a spec field does to a live certificate."""

    NOTHING = "nothing"
    """The certificate stands; pods may restart one by one."""
    NEW_ROUTE = "new route"
    """Only the way to the pods changes; the certificate stands."""
    RECERTIFY = "re-certify"
    """The certificate is about other ground: the teacher answers until a new one."""
    SURROGATE_OFF = "surrogate off now"
    """The claim no longer covers what is asked: pods are told within seconds."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(core_schema), EFFECT_KEY: self.value}


@dataclass(frozen=True, slots=True)
class Rule:
    """A CEL rule on a field or, as a class attribute, on a whole object.

    The API server puts the field's path before the message; the message says the
    remedy.
    """

    rule: str
    message: str
    field_path: str | None = None

    def manifest(self) -> dict[str, str]:
        """Give the rule as a CRD writes it."""
        found = {"rule": self.rule, "message": self.message}
        return found | ({"fieldPath": self.field_path} if self.field_path else {})

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        rules = schema.get(RULES_KEY, [])
        return {**schema, RULES_KEY: [*rules, self.manifest()]}


@dataclass(frozen=True, slots=True)
class ListMap:
    """Marks a list as a map by one field of its items: two writers can share it."""

    key: str

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        marks = {
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": [self.key],
        }
        return {**handler(core_schema), **marks}


class ApiModel(BaseModel):
    """A frozen part of an API object, camelCase on the wire.

    The CRD is closed; the operator ignores what it does not know, because the CRD may
    be newer than the operator after a rollback.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    rules: ClassVar[tuple[Rule, ...]] = ()
    """Rules across fields."""

    @classmethod
    @override
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Give the schema with the rules of the class."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        if cls.rules:
            schema[RULES_KEY] = [rule.manifest() for rule in cls.rules]
        return schema

    def to_manifest(self) -> dict[str, Any]:
        """Give the object as the API server takes it: aliases, no nulls."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
