"""Client keys that the platform team issues, one entry of a Secret for each client."""

import hashlib
import secrets
from pathlib import Path
from typing import Final

from tracer_bentos.protocols.api_conventions import KEY_HEADERS
from tracer_bentos.serving.auth.secret_volume import SecretVolume
from tracer_bentos.serving.http_server.exchange import Headers

__all__ = ["ClientKeyStore", "presented_keys"]

_BEARER: Final = b"bearer "


class ClientKeyStore:
    """The client keys of one mounted Secret.

    An entry can have several lines, so that a client can migrate from an old key to a
    new key. The store keeps and looks up keyed hashes only. The key of the hash exists
    only in this process, so the time of a lookup does not reveal how much of a guessed
    key is correct.
    """

    def __init__(self, folder: Path) -> None:
        self._secret = SecretVolume(folder)
        self._salt = secrets.token_bytes(32)
        self._version = -1
        self._names: dict[bytes, str] = {}

    def find_name(self, key: bytes) -> str | None:
        """Return the name of the client with this key; None if the key is unknown."""
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
    """Return the keys in a request, in all headers that common clients use."""
    keys = []
    for name, value in headers:
        if name == b"authorization" and value[: len(_BEARER)].lower() == _BEARER:
            keys.append(value[len(_BEARER) :].strip())
        elif name in KEY_HEADERS:
            keys.append(value.strip())
    return keys
