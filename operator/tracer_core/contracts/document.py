"""The base of every exchanged document."""

import hashlib
import json
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from tracer_core.errors import DocumentError

__all__ = ["Document", "sha256_digest"]


def sha256_digest(content: bytes) -> str:
    """Give the content address of some bytes, as ``sha256:HEX``."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Document(BaseModel):
    """A frozen document with camelCase names on the wire.

    Readers ignore fields they do not know: a newer writer may be on the other side.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    def to_json(self) -> bytes:
        """Give the canonical bytes: sorted keys, no spaces, aliases, no nulls."""
        content = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        text = json.dumps(
            content, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return text.encode()

    @classmethod
    def from_json(cls, content: bytes | str) -> Self:
        """Read a document.

        Raises:
            DocumentError: The bytes are not such a document; says which field.
        """
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the document"
            message = f"not a {cls.__name__}: {where}: {first['msg']}"
            raise DocumentError(message) from None
