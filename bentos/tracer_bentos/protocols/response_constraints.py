"""What one request requires of its answer, independent of its task.

Within a task that the router identifies, the teacher's labels fulfill all constraints.
A task that the client names can contain several kinds of requests, so the router checks
each answer against its request.
"""

import json
from dataclasses import dataclass

from tracer_bentos.protocols.label import ParsedAnswer

__all__ = ["ResponseConstraints"]


@dataclass(frozen=True, slots=True)
class ResponseConstraints:
    """The constraints of one request."""

    in_json: bool = False
    """Whether a text must be a JSON document."""
    tools: frozenset[str] = frozenset()
    """Tools that the answer may call."""
    may_call: bool = True
    """Whether the answer may call tools."""
    must_call: bool = False
    """Whether the answer must call a tool."""
    only: str | None = None
    """The only tool that the answer may call, if the request names it."""
    one_call: bool = False
    """Whether the answer may call at most one tool."""

    def allows(self, answer: ParsedAnswer) -> bool:
        """Return whether an answer fulfills the constraints."""
        return self._allows_calls(answer) if answer.calls else self._allows_text(answer)

    def _allows_calls(self, answer: ParsedAnswer) -> bool:
        names = {call.name for call in answer.calls}
        allowed = {self.only} if self.only else self.tools
        too_many = self.one_call and len(answer.calls) > 1
        return self.may_call and names <= allowed and not too_many

    def _allows_text(self, answer: ParsedAnswer) -> bool:
        if self.must_call or answer.text is None:
            return False
        return not self.in_json or _is_json(answer.text)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
