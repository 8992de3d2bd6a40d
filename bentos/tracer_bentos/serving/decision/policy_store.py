"""The newest policy document of the operator; its generation never decreases."""

import logging
from pathlib import Path

from tracer_core.contracts.policy import PolicyDocument, RevisionPolicy
from tracer_core.errors import DocumentError

__all__ = ["PolicyStore"]

_log = logging.getLogger(__name__)


class PolicyStore:
    """Stores the last policy of the operator for one revision."""

    def __init__(self, revision: int) -> None:
        self._revision = revision
        self.generation = -1
        """Generation of the applied policy; -1 before the first document."""
        self.current = RevisionPolicy()
        """The policy of this revision; allows nothing until a document contains it."""
        self.certified: frozenset[str] = frozenset()
        """Fingerprints of the tasks for which any revision is certified."""

    def update(self, document: PolicyDocument) -> bool:
        """Apply a document unless it is older than the applied one.

        Returns:
            Whether the document was applied.
        """
        if document.generation < self.generation:
            return False
        self.generation = document.generation
        self.current = document.build(self._revision)
        policies = document.revisions.values()
        self.certified = frozenset(task for policy in policies for task in policy.tasks)
        return True

    def load(self, file: Path) -> None:
        """Apply the mounted document if it exists and is valid.

        A pod must be able to start without it, because the operator also pushes the
        policy.
        """
        try:
            self.update(PolicyDocument.from_json(file.read_bytes()))
        except (OSError, DocumentError) as error:
            _log.warning(
                "cannot load policy file %s: %s; waiting for the operator", file, error
            )
