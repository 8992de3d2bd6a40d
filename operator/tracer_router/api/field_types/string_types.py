"""Texts with a shape: URLs, names, decimals and quantities, each with its remedy."""

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
        "say an http or https URL without query or user, such as"
        " https://api.openai.com/v1",
    ),
]
"""An http or https URL, without query, fragment or user."""

DnsName = Annotated[
    str,
    Field(max_length=253),
    Rule(
        rf"self.matches(r'^{_DNS}(\.{_DNS})*$')",
        "say the name of an object: lower case letters, digits, '-' and '.'",
    ),
]
"""The name of an object."""

SecretName = Annotated[
    str,
    Field(max_length=253),
    Rule(
        rf"self.matches(r'^{_DNS}(\.{_DNS})*$')",
        "say the name of a Secret in this namespace: lower case letters, digits,"
        " '-' and '.'",
    ),
]
"""The name of a Secret in the same namespace."""

HeaderName = Annotated[
    str,
    Field(max_length=128),
    Rule(
        "self.matches('^[A-Za-z0-9][A-Za-z0-9-]*$')",
        "say the name of an HTTP header: letters, digits and '-'",
    ),
]
"""The name of an HTTP header."""

Decimals = Annotated[
    str,
    Field(max_length=20),
    Rule(
        r"self.matches(r'^[0-9]{1,9}(\.[0-9]{1,9})?$')",
        'say a decimal number in quotes, such as "2.50"',
    ),
]
"""A decimal number as text."""


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
        "say a quantity, such as 500m or 2Gi",
    ),
]
"""An amount of CPU or memory, as Kubernetes writes them."""
