"""The protocol of a teacher, as the API, the pods, and training name it."""

from enum import StrEnum

__all__ = ["TeacherProtocol"]


class TeacherProtocol(StrEnum):
    """Protocol of the teacher's API."""

    OPENAI = "OpenAI"
    """Chat completions, responses, and completions; the key is a bearer token."""
    ANTHROPIC = "Anthropic"
    """Messages; the key is sent in the header x-api-key."""
    HTTP = "HTTP"
    """JSON requests and JSON responses at the paths that `endpoints` names."""
