"""Cache of teacher answers to exact repeats, per caller and with a lifetime.

The cache is disabled by default, because a client that samples several answers to one
request expects different answers. It stores a label and a hash of the request; the
response is rendered anew for each request.
"""

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from tracer_bentos.protocols.adapter import ClassificationInput
from tracer_bentos.serving.records import Caller
from tracer_core.contracts.runtime_config import CacheConfig

__all__ = ["AnswerCache"]

_STREAM_FIELDS: Final = frozenset({"stream", "stream_options"})
"""Request fields that change only how the answer is sent."""


class AnswerCache:
    """Labels by task, caller, and request; evicts the least recently used entry."""

    def __init__(
        self, config: CacheConfig, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._config = config
        self._clock = clock
        self._entries: OrderedDict[bytes, tuple[float, str]] = OrderedDict()

    def get(self, question: ClassificationInput, caller: Caller) -> str | None:
        """Return the label for this request of this caller; None if there is none."""
        key = _key(question, caller)
        entry = self._entries.get(key)
        if entry is None:
            return None
        expires, label = entry
        if self._clock() >= expires:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return label

    def put(self, question: ClassificationInput, caller: Caller, label: str) -> None:
        """Store a label of the teacher."""
        key = _key(question, caller)
        self._entries[key] = (self._clock() + self._config.ttl_seconds, label)
        self._entries.move_to_end(key)
        if len(self._entries) > self._config.entries:
            self._entries.popitem(last=False)


def _key(question: ClassificationInput, caller: Caller) -> bytes:
    request = question.request
    fields = {
        name: value
        for name, value in request.document.items()
        if name not in _STREAM_FIELDS
    }
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    parts = (request.adapter.name, question.task, text)
    digest = hashlib.blake2b(key=caller.digest, digest_size=16)
    for part in parts:
        digest.update(b"%d:" % len(part) + part.encode(errors="surrogatepass"))
    return digest.digest()
