"""Frames of HTTP/2 as they arrive, with GOAWAY told apart.

The library takes GOAWAY for the end of the connection and refuses whatever comes after
it, but RFC 9113 lets the calls that are under way come to their end. So it never sees
the frame.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from h2.errors import ErrorCodes

from tracer_bentos.serving.wire.connection import WireError

__all__ = ["Frames", "GoAway", "name_of"]

_HEAD: Final = 9
_TYPE: Final = 3
_SETTINGS: Final = 4
_GOAWAY: Final = 7
_LONGEST: Final = 16 * 1024
"""Of one frame; we never allow more."""
_SHORTEST: Final = 8
"""Of what GOAWAY says."""
_STREAM: Final = 2**31 - 1


def name_of(code: int) -> str:
    """Give the name of an error of HTTP/2."""
    known = {each.value: each.name for each in ErrorCodes}
    return known.get(code, f"error {code}")


@dataclass(frozen=True, slots=True)
class GoAway:
    """The server takes no more calls on this connection."""

    last: int
    """The last stream that it may have looked at."""
    code: int
    """Why; 0 for no error."""

    @classmethod
    def read(cls, frame: bytes) -> Self:
        """Give what a frame says.

        Raises:
            WireError: It is malformed; calls must not be taken for refused by it.
        """
        stream, payload = frame[_TYPE + 2 : _HEAD], frame[_HEAD:]
        if any(stream) or len(payload) < _SHORTEST:
            raise WireError("no HTTP/2: a malformed GOAWAY")
        last = int.from_bytes(payload[:4]) & _STREAM
        return cls(last, int.from_bytes(payload[4:8]))


class Frames:
    """Gathers frames until they are whole."""

    def __init__(self) -> None:
        self._kept = b""
        self._greeted = False

    def feed(self, data: bytes) -> Iterator[bytes | GoAway]:
        """Give what is whole now: runs of frames, and each GOAWAY apart.

        Raises:
            WireError: They are no frames of HTTP/2.
        """
        data = self._kept + data
        self._greet(data)
        start = at = 0
        while at + _HEAD <= len(data):
            size = int.from_bytes(data[at : at + 3])
            end = at + _HEAD + size
            if size > _LONGEST:
                raise WireError(f"no HTTP/2: a frame of {size} bytes")
            if end > len(data):
                break
            if data[at + _TYPE] == _GOAWAY:
                if at > start:
                    yield data[start:at]
                yield GoAway.read(data[at:end])
                start = end
            at = end
        self._kept = data[at:]
        if at > start:
            yield data[start:at]

    def _greet(self, data: bytes) -> None:
        if self._greeted or len(data) <= _TYPE:
            return
        if data[_TYPE] != _SETTINGS:
            raise WireError("what answers there speaks no HTTP/2")
        self._greeted = True
