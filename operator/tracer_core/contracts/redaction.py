"""What is taken out of texts before they are kept or classified."""

from tracer_core.contracts.document import Document, sha256_digest

__all__ = ["NO_REDACTOR", "STANDARD_REDACTOR", "Redaction", "RedactionPattern"]

STANDARD_REDACTOR = "standard"
"""The redactor that is used unless another is named."""

NO_REDACTOR = "none"
"""The redactor that changes nothing."""


class RedactionPattern(Document):
    """One pattern of the user's."""

    name: str
    """What it finds; `[name]` stands in its place."""
    pattern: str
    """A regular expression as RE2 reads it."""


class Redaction(Document):
    """A redactor by name, and the user's patterns after it, in order."""

    redactor: str = STANDARD_REDACTOR
    """Name of the redactor."""
    patterns: tuple[RedactionPattern, ...] = ()
    """Patterns of the user's."""

    @property
    def patterns_digest(self) -> str:
        """Short digest of the patterns alone."""
        whole = sha256_digest(b"\n".join(each.to_json() for each in self.patterns))
        return whole.removeprefix("sha256:")[:16]
