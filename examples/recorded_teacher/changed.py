"""A teacher that was changed under the same name: some texts are answered otherwise."""

import dataclasses
import hashlib
from collections.abc import Mapping

from .recordings import Recording

__all__ = ["Changed"]


class Changed:
    """Which texts are answered otherwise, and how; always the same ones at a share."""

    def __init__(self, recordings: Mapping[str, Recording]) -> None:
        labels = sorted({each.label for each in recordings.values()})
        self._next = dict(zip(labels, [*labels[1:], *labels[:1]], strict=True))
        self.share = 0.0
        """Share of the texts that are answered otherwise."""

    def of(self, recording: Recording) -> Recording:
        """Give what a text is answered with now."""
        if _position(recording.text) >= self.share:
            return recording
        return dataclasses.replace(recording, label=self._next[recording.label])


def _position(text: str) -> float:
    # Salted apart from the latency: slow texts are not changed more often.
    digest = hashlib.sha256(f"changed\n{text}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
