"""One trace as the learning sees it."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tracer_bentos.surrogate.base.ngrams import normalize
from tracer_bentos.surrogate.base.sample import FeatureSample

__all__ = ["Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """One trace as the learning sees it."""

    text: str
    """The input."""
    label: str | None
    """The teacher's answer; none when it was missing or off-format."""
    task: str
    """Fingerprint of the question."""
    time: datetime | None
    """When it was received, in UTC; none when not recorded."""
    session: str | None
    """Its session, if named."""
    uniform: bool
    """Whether it belongs to the uniform sample of traffic."""
    model: str | None
    """The teacher model asked for."""
    vector: NDArray[np.float32] | None = field(default=None, compare=False)
    """The embedding that came with it, if any."""
    cost: float | None = field(default=None, compare=False)
    """What the teacher's answer cost, if the trace says so."""
    tokens: int | None = field(default=None, compare=False)
    """Tokens of question and answer together, if the trace says so."""

    @property
    def sample(self) -> FeatureSample:
        """Give the input as the surrogate takes it."""
        return FeatureSample(self.text, self.vector)

    @property
    def digest(self) -> bytes:
        """Give the digest of all that an attempt knows of it."""
        time = self.time.isoformat() if self.time else None
        parts = [self.text, self.label, time, self.session, self.uniform, self.model]
        whole = hashlib.sha256(json.dumps(parts).encode())
        if self.vector is not None:
            whole.update(self.vector.tobytes())
        return whole.digest()

    @property
    def place(self) -> bytes:
        """Give its place among rows that record no times: by chance, but for good.

        Rows that come later leave the others where they were, and no seed moves them,
        so that no second draw turns rows that trained into rows that certify.
        """
        key = self.session or normalize(self.text)
        return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()

    @property
    def name(self) -> bytes:
        """Give what copies share, whatever file they come in: 64 bits of the text."""
        plain = normalize(self.text).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(plain, digest_size=8, person=b"text").digest()
