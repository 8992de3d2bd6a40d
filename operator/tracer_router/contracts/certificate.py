"""The certificate: what was tested, on what, and the sentence that it claims."""

from datetime import datetime

from pydantic import Field

from tracer_router.contracts.document import Document

__all__ = ["CellReport", "Certificate", "CodeIdentity"]


class CellReport(Document):
    """One cell for people; no bound is computed on the selected set."""

    name: str
    """Name of the cell: the label that the surrogate predicts."""
    rows: int
    """Certify rows of the cell that the policy answers."""
    agreed: int
    """Of those, how many matched the teacher."""


class CodeIdentity(Document):
    """The code that made a certificate."""

    version: str
    """Version of the distribution."""
    digest: str
    """Digest of the files that learn, certify and decide."""


class Certificate(Document):
    """A passed test: the claim, its level and the figures behind it."""

    version: int = 1
    """Version of this format."""
    task: str
    """Fingerprint of the task it is about."""
    target: float
    """Agreement that is claimed, as a fraction."""
    confidence: float
    """Confidence over all attempts together, as a fraction."""
    attempt: int
    """Which attempt this was, from 1."""
    level: float
    """Error level of this attempt."""
    budget: float
    """Error probability of all attempts so far together."""
    n: int
    """Accepted certify rows."""
    k: int
    """Of those, how many matched the teacher."""
    m: int
    """Of those, missing or off-format answers, counted as mismatches."""
    certify_rows: int
    """All certify rows, accepted or not."""
    train_rows: int
    """Rows trained on."""
    coverage: float
    """Share of certify rows that the policy answers; a point estimate."""
    threshold: float
    """Acceptance threshold of the certified policy."""
    p_value: float
    """Exact binomial p-value of the last step passed."""
    steps: int
    """Steps of the pre-declared chain that passed."""
    chain: int
    """Length of the pre-declared chain."""
    received_from: datetime | None = None
    """Time of the first certify row."""
    received_to: datetime | None = None
    """Time of the last certify row."""
    cells: tuple[CellReport, ...] = ()
    """Per-cell counts on the certify rows."""
    data: str
    """Digest of the set of rows the attempt was given."""
    seed: int
    """Seed of everything random in the attempt."""
    sentence: str
    """The exact claim, for people."""
    caveats: tuple[str, ...] = Field(default=())
    """What the claim leaves out, for people."""
