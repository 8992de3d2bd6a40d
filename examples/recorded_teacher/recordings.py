"""The recorded answers: the label of each text, and the latency."""

import gzip
import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

__all__ = ["DATA", "Recording", "latency_seconds", "read_recordings"]

DATA = Path(__file__).parent / "data"
_FILES = ("gpt4.jsonl.gz", "gold.jsonl.gz")
_MEDIAN_SECONDS = 0.32
_SPREAD = 0.35


@dataclass(frozen=True, slots=True)
class Recording:
    """One text and its recorded answer."""

    text: str
    """The user's message."""
    label: str
    """The recorded answer."""
    source: str
    """``gpt4`` for an answer of the model, ``gold`` for a label assigned by people."""


def read_recordings(folder: Path = DATA) -> dict[str, Recording]:
    """Return all recordings by text; a GPT-4 answer has precedence."""
    found: dict[str, Recording] = {}
    for name in _FILES:
        for recording in _read(folder / name):
            found.setdefault(recording.text, recording)
    return found


def latency_seconds(text: str) -> float:
    """Return the latency of an answer: log-normal, the same for the same text."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    share = (number + 0.5) / 2**64
    return _MEDIAN_SECONDS * math.exp(_SPREAD * NormalDist().inv_cdf(share))


def _read(path: Path) -> Iterator[Recording]:
    source = path.name.partition(".")[0]
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield Recording(row["input"], row["teacher"], source)
