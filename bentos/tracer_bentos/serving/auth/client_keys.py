"""Keys that the platform team gives to clients, one entry of a Secret each."""

import hashlib
import secrets
from pathlib import Path
from typing import Final

from tracer_bentos.serving.auth.secret_volume import SecretVolume
from tracer_bentos.serving.http_server.exchange import Headers

__all__ = ["ClientKeyStore", "presented_keys"]

_BEARER: Final = b"bearer "
_KEY_HEADERS: Final = frozenset({b"x-api-key", b"api-key"})


class ClientKeyStore:
    """The keys of one mounted Secret.

    An entry may hold several lines, so that a client can move from an old key to a new
    one. Only hashes under a key of this process are kept and looked up: how long that
    takes tells nothing about how much of a guess was right.
    """

    def __init__(self, folder: Path) -> None:
        self._secret = SecretVolume(folder)
        self._salt = secrets.token_bytes(32)
        self._version = -1
        self._names: dict[bytes, str] = {}

    def find_name(self, key: bytes) -> str | None:
        """Give the client that a key belongs to; none when it is nobody's."""
        entries = self._secret.read()
        if self._secret.version != self._version:
            self._names = {
                self._digest(line.strip().encode()): name
                for name, text in entries.items()
                for line in text.splitlines()
                if line.strip()
            }
            self._version = self._secret.version
        return self._names.get(self._digest(key))

    def _digest(self, key: bytes) -> bytes:
        return hashlib.blake2b(key, key=self._salt, digest_size=16).digest()


def presented_keys(headers: Headers) -> list[bytes]:
    """Give the keys that a request carries, as any of the usual clients sends them."""
    found = []
    for name, value in headers:
        if name == b"authorization" and value[: len(_BEARER)].lower() == _BEARER:
            found.append(value[len(_BEARER) :].strip())
        elif name in _KEY_HEADERS:
            found.append(value.strip())
    return found
