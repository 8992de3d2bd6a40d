"""One trace, as training uses it."""

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
    """One trace, as training uses it."""

    text: str
    """The input."""
    label: str | None
    """The answer of the teacher; none if it was missing or in another format."""
    task: str
    """Fingerprint of the question."""
    time: datetime | None
    """Time when it was received, in UTC; none if not recorded."""
    session: str | None
    """Its session; none if not recorded."""
    uniform: bool
    """Whether it belongs to the uniform sample of traffic."""
    model: str | None
    """The requested teacher model."""
    vector: NDArray[np.float32] | None = field(default=None, compare=False)
    """The embedding in the trace, if any."""
    cost: float | None = field(default=None, compare=False)
    """Cost of the answer of the teacher, if recorded."""
    tokens: int | None = field(default=None, compare=False)
    """Tokens of request and answer together, if recorded."""

    @property
    def sample(self) -> FeatureSample:
        """The input of the surrogate."""
        return FeatureSample(self.text, self.vector)

    @property
    def digest(self) -> bytes:
        """Digest of all data of the row that an attempt uses."""
        time = self.time.isoformat() if self.time else None
        parts = [self.text, self.label, time, self.session, self.uniform, self.model]
        whole = hashlib.sha256(json.dumps(parts).encode())
        if self.vector is not None:
            whole.update(self.vector.tobytes())
        return whole.digest()

    @property
    def place(self) -> bytes:
        """Sort key among rows without times: random, but fixed.

        New rows do not change the order of the others, and the order does not depend
        on a seed, so no second draw turns TRAIN rows into certify rows.
        """
        key = self.session or normalize(self.text)
        return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()

    @property
    def name(self) -> bytes:
        """Hash of the normalized text, 64 bits: the same for copies in each file."""
        plain = normalize(self.text).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(plain, digest_size=8, person=b"text").digest()
