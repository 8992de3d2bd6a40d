"""Inputs that the teacher has answered: does it still say the same to the same?

What is kept is a hash of the input under a key of this process, and a hash of the first
answer. The first one stays, so that a change shows at every repeat after it.
"""

import hashlib
import secrets
from collections import OrderedDict
from typing import Final

__all__ = ["LabelStability"]

MAX_INPUTS: Final = 50_000
"""Inputs of all tasks together; the one unused for longest goes first."""


class LabelStability:
    """The first answers of one boot."""

    def __init__(self, kept: int = MAX_INPUTS) -> None:
        self._kept = kept
        self._salt = secrets.token_bytes(16)
        self._first: OrderedDict[bytes, int] = OrderedDict()

    def observe(self, task: str, text: str, label: str) -> bool | None:
        """Tell whether an answer is another than the first one; none if it is that.

        Args:
            task: Fingerprint of the question.
            text: The input as it was asked, not as it was redacted: two inputs that
                differ in what is taken out are no repeat.
            label: What the teacher answered.
        """
        key = self._key(task, text)
        first = self._first.get(key)
        if first is None:
            self._first[key] = hash(label)
            if len(self._first) > self._kept:
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
