"""The policy document: what the data-plane pods of a router are allowed to do.

The operator sends it with each evidence poll and stores it in a ConfigMap for restarts.
The evidence of a pod contains the generation that the pod applied.
"""

from pydantic import Field

from tracer_core.contracts.document import Document

__all__ = ["Diversion", "PolicyDocument", "RevisionPolicy"]


class Diversion(Document):
    """A share of the sessions that the pods of one revision forward to another."""

    revision: int
    """The revision that receives the sessions."""
    share: float = Field(ge=0, le=1)
    """Share of the sessions, in [0, 1]. While it rises, a forwarded session stays
    forwarded."""
    url: str
    """URL of the Service of that revision, without a path."""


class RevisionPolicy(Document):
    """What the pods of one revision are allowed to do."""

    surrogate: bool = False
    """Whether the surrogate can answer; if not, the teacher answers all requests. A
    bundle without this permission is a shadow: it predicts the uniform sample, and its
    predictions are audited."""
    audit: float = Field(default=1.0, ge=0, le=1)
    """Audit probability of a session, drawn before the decision."""
    bundle: str | None = None
    """Digest of the only bundle that can answer; None for a pass-through."""
    tasks: tuple[str, ...] = ()
    """Fingerprints of the certified tasks; the teacher answers all others."""
    pods: tuple[str, ...] = ()
    """Names of the pods. The audits of a session are evidence in only one of them, so
    that a session that is spread over several pods counts once. If empty, they are
    evidence in every pod."""
    closed: tuple[str, ...] = ()
    """Closed cells, which the teacher answers."""
    divert: Diversion | None = None
    """Sessions that the pods forward; only if no gateway splits the traffic."""
    stopped: tuple[str, ...] = ()
    """Tasks on which a pod has stopped its surrogate. The teacher answers them
    permanently, in every pod of the revision."""


class PolicyDocument(Document):
    """The policy of one router, with a generation that only increases."""

    version: int = 1
    """Version of this format."""
    generation: int = Field(ge=0)
    """Increases with each change; a pod never applies an older generation."""
    revisions: dict[str, RevisionPolicy] = Field(default_factory=dict)
    """Policy by revision number, as a string."""

    def build(self, revision: int) -> RevisionPolicy:
        """Return the policy of a revision; nothing is allowed if it has none."""
        return self.revisions.get(str(revision), RevisionPolicy())
