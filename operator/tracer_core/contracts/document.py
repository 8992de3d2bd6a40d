"""The base of every exchanged document."""

import hashlib
import json
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from tracer_core.errors import DocumentError

__all__ = ["Document", "describe_validation_error", "sha256_digest"]

_EXPECTED = frozenset({"enum", "literal_error"})


def sha256_digest(content: bytes) -> str:
    """Return the digest of some bytes, as ``sha256:HEX``."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def describe_validation_error(model: type[BaseModel], error: ValidationError) -> str:
    """Return the first fault of a document as one line: field path and what is allowed.

    The received value is not part of the line: it can contain a key or request text.
    """
    first = error.errors(include_url=False, include_input=False)[0]
    match first["type"]:
        case "missing":
            text = "is required"
        case "extra_forbidden":
            allowed = ", ".join(_field_names(model, first["loc"][:-1]))
            text = f"unknown field; must be one of {allowed}"
        case kind if kind in _EXPECTED:
            text = "must be " + str(first["ctx"]["expected"]).replace("'", "")
        case "too_short":
            text = f"must have at least {first['ctx']['min_length']} item"
        case _:
            text = first["msg"].removeprefix("Value error, ")
            text = text.replace("Input should be", "must be")
            text = text.replace("Input should have", "must have")
    path = _field_path(first["loc"])
    return f"{path}: {text}" if path else text


def _field_path(location: tuple[int | str, ...]) -> str:
    """Return a path such as ``teacher.endpoints[0].path``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".")


def _field_names(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the names that are allowed at a place of a document."""
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    for part in location:
        schema = (
            schema["items"] if isinstance(part, int) else schema["properties"][part]
        )
        for option in schema.get("anyOf", ()):
            schema = option if option.get("type") != "null" else schema
        if "$ref" in schema:
            schema = definitions[schema["$ref"].rpartition("/")[2]]
    return sorted(schema.get("properties", ()))


class Document(BaseModel):
    """A frozen document with camelCase names on the wire.

    Readers ignore unknown fields, because the writer can be a newer version.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    def to_json(self) -> bytes:
        """Return the canonical bytes: sorted keys, no spaces, aliases, no nulls."""
        content = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        text = json.dumps(
            content, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return text.encode()

    @classmethod
    def from_json(cls, content: bytes | str) -> Self:
        """Parse a document.

        Raises:
            DocumentError: The bytes are not a valid document; the message names the
                field.
        """
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            fault = describe_validation_error(cls, error)
            raise DocumentError(f"invalid {cls.__name__}: {fault}") from None
