"""The newest policy document this process has seen; it never goes back."""

import logging
from pathlib import Path

from tracer_core.contracts.policy import PolicyDocument, RevisionPolicy
from tracer_core.errors import DocumentError

__all__ = ["PolicyStore"]

_log = logging.getLogger(__name__)


class PolicyStore:
    """Holds what the operator said last about one revision."""

    def __init__(self, revision: int) -> None:
        self._revision = revision
        self.generation = -1
        """Generation applied; -1 before the first document."""
        self.current = RevisionPolicy()
        """What this revision may do: nothing until a document names it."""
        self.certified: frozenset[str] = frozenset()
        """Fingerprints that any revision is certified on."""

    def update(self, document: PolicyDocument) -> bool:
        """Apply a document unless it is older than the one applied."""
        if document.generation < self.generation:
            return False
        self.generation = document.generation
        self.current = document.build(self._revision)
        policies = document.revisions.values()
        self.certified = frozenset(task for each in policies for task in each.tasks)
        return True

    def read(self, file: Path) -> None:
        """Apply the mounted document, if it is there and can be understood.

        A pod must start without it: the operator pushes the policy anyway.
        """
        try:
            self.update(PolicyDocument.from_json(file.read_bytes()))
        except (OSError, DocumentError) as error:
            _log.warning("policy file %s: %s; waiting for a push", file, error)
