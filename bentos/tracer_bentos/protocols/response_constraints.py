"""What a request promises its client about the answer, whatever its task is called.

Within one task the teacher's own labels keep all of this. A task that the client names
may hold several kinds of requests, so each answer is checked against its request.
"""

import json
from dataclasses import dataclass

from tracer_bentos.protocols.label import ParsedAnswer

__all__ = ["ResponseConstraints"]


@dataclass(frozen=True, slots=True)
class ResponseConstraints:
    """The promises of one request."""

    in_json: bool = False
    """Whether a text must be a JSON document."""
    tools: frozenset[str] = frozenset()
    """Tools that may be called."""
    may_call: bool = True
    """Whether any may be called at all."""
    must_call: bool = False
    """Whether a tool must be called."""
    only: str | None = None
    """The one tool that must be called."""
    one_call: bool = False
    """Whether more than one call is too many."""

    def allows(self, said: ParsedAnswer) -> bool:
        """Say whether an answer keeps them."""
        return self._allows_calls(said) if said.calls else self._allows_text(said)

    def _allows_calls(self, said: ParsedAnswer) -> bool:
        names = {call.name for call in said.calls}
        allowed = {self.only} if self.only else self.tools
        many = self.one_call and len(said.calls) > 1
        return self.may_call and names <= allowed and not many

    def _allows_text(self, said: ParsedAnswer) -> bool:
        if self.must_call or said.text is None:
            return False
        return not self.in_json or _is_json(said.text)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
