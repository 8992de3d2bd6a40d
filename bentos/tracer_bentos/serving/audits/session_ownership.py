"""Which audits are evidence: one a session, however many pods the session meets.

Answers of one session are not independent, and no rule on counts holds when they are
counted as if they were. A pod that counts each session once is not enough where a
session is spread over pods: of the pods that the policy names, each session belongs to
one, and only that one counts it.
"""

from collections import OrderedDict
from typing import Final

from tracer_bentos.serving.decision.policy_store import PolicyStore

__all__ = ["SessionOwnership"]

MAX_SESSIONS: Final = 20_000


class SessionOwnership:
    """The sessions whose audit this pod has counted."""

    def __init__(self, pod: str, policies: PolicyStore) -> None:
        self._pod = pod
        self._policies = policies
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def is_first_audit(self, task: str, session: str | None) -> bool:
        """Tell whether the next audit of a session is evidence.

        A request that names no session is a session of its own.
        """
        if session is None:
            return True
        return self._is_mine(session) and not self._again(task, session)

    def _is_mine(self, session: str) -> bool:
        pods = self._policies.current.pods
        return not pods or pods[int(session, 16) % len(pods)] == self._pod

    def _again(self, task: str, session: str) -> bool:
        key = (task, session)
        seen = key in self._seen
        self._seen[key] = None
        self._seen.move_to_end(key)
        if len(self._seen) > MAX_SESSIONS:
            self._seen.popitem(last=False)
        return seen
