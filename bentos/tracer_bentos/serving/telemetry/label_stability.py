"""Detects whether the teacher changes its answer to a repeated input.

The process stores a keyed hash of the input and a hash of the first answer. The key
exists only in this process. The first answer is never replaced, so that a change is
visible at each later repeat.
"""

import hashlib
import secrets
from collections import OrderedDict
from typing import Final

__all__ = ["LabelStability"]

MAX_INPUTS: Final = 50_000
"""Maximum number of inputs of all tasks; the least recently used input is evicted."""


class LabelStability:
    """The first answer to each input since the start of the process."""

    def __init__(self, max_inputs: int = MAX_INPUTS) -> None:
        self._max_inputs = max_inputs
        self._salt = secrets.token_bytes(16)
        self._first: OrderedDict[bytes, int] = OrderedDict()

    def observe(self, task: str, text: str, label: str) -> bool | None:
        """Return whether an answer differs from the first; None if it is the first.

        Args:
            task: Fingerprint of the task.
            text: The input before redaction: inputs that differ only in redacted parts
                are not repeats.
            label: Answer of the teacher.
        """
        key = self._key(task, text)
        first = self._first.get(key)
        if first is None:
            self._first[key] = hash(label)
            if len(self._first) > self._max_inputs:
                self._first.popitem(last=False)
            return None
        self._first.move_to_end(key)
        return first != hash(label)

    def _key(self, task: str, text: str) -> bytes:
        digest = hashlib.blake2b(key=self._salt, digest_size=16)
        for part in (task, text):
            content = part.encode(errors="surrogatepass")
            digest.update(b"%d:" % len(content) + content)
        return digest.digest()
