"""The certificate: what was tested, on what, and the sentence that it claims.

Every figure follows from the traces, the bundle and the terms that stand here, so
`tracer-router verify` can work it out again. Its size does not grow with the traces.
"""

from datetime import datetime
from typing import Final

from pydantic import Field

from tracer_core.contracts.document import Document

__all__ = [
    "CERTIFICATE_VERSION",
    "MAX_CELLS",
    "Badges",
    "CellReport",
    "Certificate",
    "ChainStep",
    "CodeIdentity",
    "RowsTested",
    "TeacherCeiling",
]

CERTIFICATE_VERSION: Final = 3
"""Version of the format that this code writes and verifies."""

MAX_CELLS: Final = 1_000
"""Cells that a certificate names; those with the most rows."""


class CellReport(Document):
    """One cell for people; no bound is computed on the selected set."""

    name: str
    """Name of the cell, cut where it is very long."""
    rows: int
    """Certify rows of the cell that the policy answers."""
    agreed: int
    """Of those, how many matched the teacher."""
    badge: bool = False
    """Whether the cell is shown to agree at least as often as badges state."""


class Badges(Document):
    """What a badge of a cell states; beside the certificate, at a level of its own."""

    floor: float
    """Agreement of the cell alone that it states."""
    level: float
    """Error probability of all badges together, in this attempt."""
    cells: int
    """Cells that could have had one, fixed before the test."""


class ChainStep(Document):
    """One policy of the chain that was declared before the certify rows were seen."""

    threshold: float
    """Its acceptance threshold."""
    n: int | None = None
    """Certify rows that it accepts; none if the chain ended before it."""
    k: int | None = None
    """Of those, how many matched the teacher."""
    p_value: float | None = None
    """Exact binomial p-value of "agreement is below the target"."""


class TeacherCeiling(Document):
    """How often the teacher says the same again, where the traces tell.

    About inputs that came more than once, word for word, which need not be like the
    others; information, and never a reason to refuse.
    """

    same: int
    """Inputs whose first two answers were the same."""
    different: int
    """Inputs whose first two answers differed."""
    missing: int
    """Inputs of which one of the two has no usable answer."""
    agreement: float
    """Agreement that nothing can exceed on such inputs."""
    level: float
    """Probability that this is too low."""


class CodeIdentity(Document):
    """The code that made a certificate."""

    version: str
    """Version of the distribution."""
    algorithm: int
    """Version of what learns, certifies and decides; raised when results change."""


class RowsTested(Document):
    """Which rows were used, and how they are found again among the traces."""

    digest: str
    """Digest of all rows of the task, whatever files and order they came in."""
    count: int
    """Their number."""
    certify: str
    """Digest of the certify rows."""
    share: float
    """Share of the uniform sample that was asked for to certify."""
    after: datetime | None = None
    """Only rows received after this moment certify; earlier ones had been looked at."""
    until: datetime | None = None
    """Only segments sealed before this moment were read; none for other files."""
    seen: str | None = None
    """Digest of the bundle's list of rows that had been looked at, where it has one."""
    vectors: int | None = None
    """Length of the embeddings that came with the rows, if any did."""
    redaction: str
    """Identity of the redactor of their texts."""


class Certificate(Document):
    """A passed test: the claim, its level and the figures behind it."""

    version: int = CERTIFICATE_VERSION
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
    coverage_low: float
    """Lower end of the interval that `parity.coverage` constructs for it."""
    coverage_high: float
    """Upper end of the interval."""
    coverage_level: float
    """Probability that the interval misses the share of such traffic."""
    threshold: float
    """Acceptance threshold of the certified policy: that of the last step passed."""
    p_value: float
    """Exact binomial p-value of the last step passed."""
    steps: int
    """Steps of the chain that passed; the first of the others ended it."""
    chain: tuple[ChainStep, ...]
    """The declared chain from its start to its end, at most four hundred steps."""
    strict: bool = False
    """Whether every cell had to reach the target by itself in training."""
    received_from: datetime | None = None
    """Time of the first certify row."""
    received_to: datetime | None = None
    """Time of the last certify row."""
    cells: tuple[CellReport, ...] = ()
    """Counts on the certify rows of the cells that have any, at most a thousand."""
    cells_unnamed: int = 0
    """Cells with rows that are left out of `cells`."""
    badges: Badges
    """What a badge states."""
    ceiling: TeacherCeiling | None = None
    """How often the teacher repeats itself; none where no input came again."""
    teacher: tuple[str, ...] = ()
    """Models of the teacher as the certify rows record them, at most twenty."""
    rows: RowsTested
    """Which rows were used."""
    labels: str
    """Digest of the answers that the surrogate can give."""
    model: str
    """Digest of the files of the bundle that decide."""
    code: CodeIdentity
    """What made it."""
    seed: int
    """Seed of everything random in the attempt."""
    sentence: str
    """The exact claim, for people."""
    caveats: tuple[str, ...] = Field(default=())
    """What the claim leaves out, for people."""
