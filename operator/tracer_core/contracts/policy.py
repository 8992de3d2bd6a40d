"""The policy document: what the operator tells every data-plane pod of a router.

It lies in a ConfigMap, for restarts, and is pushed with each evidence poll; the answer
acknowledges the generation applied.
"""

from pydantic import Field

from tracer_core.contracts.document import Document

__all__ = ["Diversion", "PolicyDocument", "RevisionPolicy"]


class Diversion(Document):
    """A share of the sessions that the pods of one revision hand over to another's."""

    revision: int
    """The revision that takes them."""
    share: float = Field(ge=0, le=1)
    """Share of the sessions; while it rises nobody who was handed over comes back."""
    url: str
    """Where its pods are reached: the URL of its Service, without a path."""


class RevisionPolicy(Document):
    """What the pods of one revision may do."""

    surrogate: bool = False
    """Whether the surrogate may answer; off sends everything to the teacher. With a
    bundle named it is a shadow then: asked on the uniform sample and audited."""
    audit: float = Field(default=1.0, ge=0, le=1)
    """Probability of the audit coin, drawn per session before the decision."""
    bundle: str | None = None
    """Digest of the only bundle that may answer; none for a pass-through."""
    tasks: tuple[str, ...] = ()
    """Fingerprints of the certified tasks; anything else goes to the teacher."""
    pods: tuple[str, ...] = ()
    """Its pods; the audits of a session are evidence in one of them only, so that a
    session that is spread over pods counts once. When empty, in every one."""
    closed: tuple[str, ...] = ()
    """Cells that were demoted: the teacher answers them."""
    divert: Diversion | None = None
    """What its pods hand over; only where nothing before them splits the traffic."""
    stopped: tuple[str, ...] = ()
    """Tasks on which a pod has stopped its surrogate: the teacher answers them in every
    pod of the revision, for good."""


class PolicyDocument(Document):
    """One per router, versioned by a generation that only grows."""

    version: int = 1
    """Version of this format."""
    generation: int = Field(ge=0)
    """Grows with each change; a pod never goes back."""
    revisions: dict[str, RevisionPolicy] = Field(default_factory=dict)
    """By revision number, as a string."""

    def build(self, revision: int) -> RevisionPolicy:
        """Give what one revision may do; nothing at all when it is not named."""
        return self.revisions.get(str(revision), RevisionPolicy())
