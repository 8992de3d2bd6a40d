"""Answers of the teacher to exact repeats, for a while and to the same caller only.

Off unless asked for: whoever samples several answers to one request wants them unlike.
What is kept is a label, written anew for each request, and a hash of the request.
"""

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tracer_bentos.protocols.adapter import ClassificationInput
from tracer_bentos.serving.records import Caller

__all__ = ["AnswerCache", "CacheSize"]

_TRANSPORT_HEADERS: Final = frozenset({"stream", "stream_options"})


@dataclass(frozen=True, slots=True)
class CacheSize:
    """What was asked about the cache."""

    entries: int
    """Answers that one pod keeps at most."""
    seconds: float
    """How long an answer is given again."""


class AnswerCache:
    """Labels by task, caller and request; the one unused for longest goes first."""

    def __init__(
        self, size: CacheSize, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._size = size
        self._clock = clock
        self._kept: OrderedDict[bytes, tuple[float, str]] = OrderedDict()

    def get(self, question: ClassificationInput, caller: Caller) -> str | None:
        """Give what the teacher said to this request of this caller."""
        key = _key(question, caller)
        found = self._kept.get(key)
        if found is None:
            return None
        ends, label = found
        if self._clock() >= ends:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return label

    def put(self, question: ClassificationInput, caller: Caller, label: str) -> None:
        """Keep what the teacher said."""
        key = _key(question, caller)
        self._kept[key] = (self._clock() + self._size.seconds, label)
        self._kept.move_to_end(key)
        if len(self._kept) > self._size.entries:
            self._kept.popitem(last=False)


def _key(question: ClassificationInput, caller: Caller) -> bytes:
    asked = question.asked
    whole = {
        name: value
        for name, value in asked.document.items()
        if name not in _TRANSPORT_HEADERS
    }
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"))
    parts = (asked.adapter.name, question.task, text)
    digest = hashlib.blake2b(key=caller.digest, digest_size=16)
    for part in parts:
        digest.update(b"%d:" % len(part) + part.encode(errors="surrogatepass"))
    return digest.digest()
