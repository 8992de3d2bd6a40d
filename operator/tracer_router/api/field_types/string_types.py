"""String types with validation rules: URLs, names, decimals, and quantities."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from tracer_router.api.base.model import Rule

__all__ = ["Decimals", "DnsName", "HeaderName", "HttpUrl", "Quantity", "SecretName"]

_DNS = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"

HttpUrl = Annotated[
    str,
    Field(max_length=2048),
    Rule(
        "isURL(self) && url(self).getScheme() in ['http', 'https']"
        " && url(self).getHost() != '' && !self.matches('[?#@]')",
        "must be an http or https URL without user, query, or fragment, for example"
        " https://api.openai.com/v1",
    ),
]
"""An http or https URL without user, query, or fragment."""

DnsName = Annotated[
    str,
    Field(max_length=253),
    Rule(
        rf"self.matches(r'^{_DNS}(\.{_DNS})*$')",
        "must be the name of a Kubernetes object: lowercase letters, digits, '-', and"
        " '.', for example my-object",
    ),
]
"""The name of a Kubernetes object."""

SecretName = Annotated[
    str,
    Field(max_length=253),
    Rule(
        rf"self.matches(r'^{_DNS}(\.{_DNS})*$')",
        "must be the name of a Secret in the same namespace: lowercase letters, digits,"
        " '-', and '.', for example my-secret",
    ),
]
"""The name of a Secret in the same namespace."""

HeaderName = Annotated[
    str,
    Field(max_length=128),
    Rule(
        "self.matches('^[A-Za-z0-9][A-Za-z0-9-]*$')",
        "must be the name of an HTTP header: letters, digits, and '-', for example"
        " x-session-id",
    ),
]
"""The name of an HTTP header."""

Decimals = Annotated[
    str,
    Field(max_length=20),
    Rule(
        r"self.matches(r'^[0-9]{1,9}(\.[0-9]{1,9})?$')",
        'must be a decimal number in quotes, for example "2.50"',
    ),
]
"""A decimal number as a string."""


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) else value


Quantity = Annotated[
    str,
    BeforeValidator(_as_text),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
            "maxLength": 32,
        }
    ),
    Rule(
        "type(self) == int || isQuantity(string(self))",
        "must be a Kubernetes quantity, for example 500m or 2Gi",
    ),
]
"""An amount of CPU or memory in the format of Kubernetes."""
