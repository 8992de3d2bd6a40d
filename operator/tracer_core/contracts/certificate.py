"""The certificate: what was tested, on which rows, and the statement that it makes.

Every figure follows from the traces, the bundle, and the parameters in the certificate,
so `tracer-router verify` can recompute it. The size of a certificate does not grow with
the number of traces.
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
"""Maximum number of cells in a certificate; the cells with the most rows."""


class CellReport(Document):
    """Counts of one cell, for information: a bound for a selected set is not valid."""

    name: str
    """Name of the cell, truncated if it is very long."""
    rows: int
    """Number of certification rows of the cell that the policy answers."""
    agreed: int
    """Number of these rows in which the surrogate agreed with the teacher."""
    badge: bool = False
    """Whether the test shows that the cell agrees at least as often as badges state."""


class Badges(Document):
    """The statement of the badges of cells, with an error level of their own."""

    floor: float
    """Agreement of a single cell that a badge states, in [0, 1]."""
    level: float
    """Error probability of all badges of this attempt together."""
    cells: int
    """Number of cells that could receive a badge, fixed before the test."""


class ChainStep(Document):
    """One policy of the chain, declared before any certification row was read."""

    threshold: float
    """Acceptance threshold of the policy."""
    n: int | None = None
    """Number of certification rows that it accepts; None if the chain ended before."""
    k: int | None = None
    """Number of these rows in which the surrogate agreed with the teacher."""
    p_value: float | None = None
    """Exact binomial p-value of the hypothesis "agreement is below the target"."""


class TeacherCeiling(Document):
    """How often the teacher gives the same answer to the same input again.

    Estimated from inputs that occur more than once in exactly the same form, which can
    differ from other inputs. For information only: an attempt is never refused because
    of it.
    """

    same: int
    """Number of inputs whose first two answers were the same."""
    different: int
    """Number of inputs whose first two answers differed."""
    missing: int
    """Number of inputs for which one of the first two answers was not usable."""
    agreement: float
    """Upper bound of the agreement of any surrogate on such inputs, in [0, 1]."""
    level: float
    """Probability that this bound is too low."""


class CodeIdentity(Document):
    """The version of the code that created a certificate."""

    version: str
    """Version of the distribution."""
    algorithm: int
    """Version of training, certification, and decisions; incremented when results
    change."""


class RowsTested(Document):
    """The rows that were used, and how to find them in the traces."""

    digest: str
    """Digest of all rows of the task, independent of files and order."""
    count: int
    """Number of all rows of the task."""
    certify: str
    """Digest of the certification rows."""
    share: float
    """Share of the uniform sample that was reserved for certification."""
    after: datetime | None = None
    """Only rows received after this time certify; earlier attempts read the others."""
    until: datetime | None = None
    """Only segments sealed before this time were read; None for other files."""
    seen: str | None = None
    """Digest of the bundle's list of rows that earlier attempts read, if it has one."""
    vectors: int | None = None
    """Length of the embeddings that were given with the rows, if any."""
    redaction: str
    """Identity of the redactor of the texts."""


class Certificate(Document):
    """A passed test: the claim, its error level, and the figures that support it."""

    version: int = CERTIFICATE_VERSION
    """Version of this format."""
    task: str
    """Fingerprint of the certified task."""
    target: float
    """Agreement that is claimed, as a fraction."""
    confidence: float
    """Confidence over all attempts together, as a fraction."""
    attempt: int
    """Number of the attempt, from 1."""
    level: float
    """Error level of this attempt."""
    budget: float
    """Error probability of all attempts up to this one together."""
    n: int
    """Number of accepted certification rows."""
    k: int
    """Number of these rows in which the surrogate agreed with the teacher."""
    m: int
    """Number of these rows without a usable answer, counted as disagreement."""
    certify_rows: int
    """Number of all certification rows, accepted or not."""
    train_rows: int
    """Number of training rows."""
    coverage: float
    """Share of certification rows that the policy answers; a point estimate."""
    coverage_low: float
    """Lower limit of the confidence interval of the coverage."""
    coverage_high: float
    """Upper limit of the confidence interval of the coverage."""
    coverage_level: float
    """Probability that the interval does not contain the coverage of such traffic."""
    threshold: float
    """Acceptance threshold of the certified policy, which is the last passed step."""
    p_value: float
    """Exact binomial p-value of the last passed step."""
    steps: int
    """Number of passed steps; the first step that did not pass ended the chain."""
    chain: tuple[ChainStep, ...]
    """The declared chain from start to end, at most 400 steps."""
    strict: bool = False
    """Whether each single cell had to reach the target in training."""
    received_from: datetime | None = None
    """Time of the first certification row."""
    received_to: datetime | None = None
    """Time of the last certification row."""
    cells: tuple[CellReport, ...] = ()
    """Counts of the cells with certification rows, at most 1,000."""
    cells_unnamed: int = 0
    """Number of cells with certification rows that are not in `cells`."""
    badges: Badges
    """The statement of the badges."""
    ceiling: TeacherCeiling | None = None
    """How often the teacher repeats its answers; None if no input occurs twice."""
    teacher: tuple[str, ...] = ()
    """Models of the teacher in the certification rows, at most 20."""
    rows: RowsTested
    """The rows that were used."""
    labels: str
    """Digest of the labels that the surrogate can answer."""
    model: str
    """Digest of the bundle files that determine decisions."""
    code: CodeIdentity
    """The code that created the certificate."""
    seed: int
    """Seed of all random choices in the attempt."""
    sentence: str
    """The exact claim as a sentence."""
    caveats: tuple[str, ...] = Field(default=())
    """The limitations of the claim."""
