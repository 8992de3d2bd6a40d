"""Selects the audits that are evidence: one for each session, over all pods.

The answers of one session are not independent, and no test on counts is valid if they
are counted as independent. It is not sufficient that each pod counts a session once,
because a session can be spread over pods. Each session belongs to one of the pods in
the policy, and only that pod counts it.
"""

from collections import OrderedDict
from typing import Final

from tracer_bentos.serving.decision.policy_store import PolicyStore

__all__ = ["SessionOwnership"]

MAX_SESSIONS: Final = 20_000


class SessionOwnership:
    """The sessions for which this pod has counted an audit."""

    def __init__(self, pod: str, policy_store: PolicyStore) -> None:
        self._pod = pod
        self._policy_store = policy_store
        self._counted: OrderedDict[tuple[str, str], None] = OrderedDict()

    def is_first_audit(self, task: str, session: str | None) -> bool:
        """Return whether the next audit of a session is evidence, and record it.

        A request without a session is a session of its own.
        """
        if session is None:
            return True
        return self._is_owner(session) and not self._is_repeat(task, session)

    def _is_owner(self, session: str) -> bool:
        pods = self._policy_store.current.pods
        return not pods or pods[int(session, 16) % len(pods)] == self._pod

    def _is_repeat(self, task: str, session: str) -> bool:
        key = (task, session)
        repeated = key in self._counted
        self._counted[key] = None
        self._counted.move_to_end(key)
        if len(self._counted) > MAX_SESSIONS:
            self._counted.popitem(last=False)
        return repeated
