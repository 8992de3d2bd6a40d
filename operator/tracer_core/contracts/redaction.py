"""Redaction of texts before they are recorded or classified."""

from tracer_core.contracts.document import Document, sha256_digest

__all__ = ["NO_REDACTOR", "STANDARD_REDACTOR", "Redaction", "RedactionPattern"]

STANDARD_REDACTOR = "standard"
"""Name of the default redactor."""

NO_REDACTOR = "none"
"""Name of the redactor that does not change texts."""


class RedactionPattern(Document):
    """One pattern of the user."""

    name: str
    """Name of what the pattern matches; `[name]` replaces each match."""
    pattern: str
    """A regular expression in RE2 syntax."""


class Redaction(Document):
    """A redactor, followed by the patterns of the user in their order."""

    redactor: str = STANDARD_REDACTOR
    """Name of the redactor."""
    patterns: tuple[RedactionPattern, ...] = ()
    """Patterns of the user."""

    @property
    def patterns_digest(self) -> str:
        """Short digest of the patterns, without the redactor."""
        whole = sha256_digest(
            b"\n".join(pattern.to_json() for pattern in self.patterns)
        )
        return whole.removeprefix("sha256:")[:16]
