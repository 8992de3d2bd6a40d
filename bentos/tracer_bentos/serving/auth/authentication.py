"""Who may call at all, and whom the surrogate may answer."""

import hashlib
import secrets
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Final

from tracer_bentos.serving.auth.accepted_key_cache import (
    LIFETIME_SECONDS,
    AcceptedKeyCache,
)
from tracer_bentos.serving.auth.client_keys import ClientKeyStore, presented_keys
from tracer_bentos.serving.http_server.exchange import Headers, HttpExchange
from tracer_bentos.serving.records import Caller

__all__ = ["Access", "Authenticator"]

_KEYS: Final = frozenset({b"authorization", b"api-key", b"x-api-key"})
_CREDENTIALS: Final = _KEYS | {
    b"cookie",
    b"openai-organization",
    b"openai-project",
}


class Access(StrEnum):
    """Who may call."""

    PASS_THROUGH = "PassThrough"  # noqa: S105 - a mode, not a password
    """Everybody; the client's own key goes on to the teacher, which decides."""
    CLIENT_KEYS = "ClientKeyStore"
    """Whoever has a key of the mounted Secret."""
    GATEWAY_HEADER = "GatewayHeader"
    """Whoever a gateway has let through, named in a header that it sets."""
    OPEN = "Open"
    """Whoever reaches the pod."""


class Authenticator:
    """Lets callers in, and remembers whom the teacher has accepted.

    Args:
        access: Who may call.
        own_key: Whether the pod sends a key of its own to the teacher.
        keys: Folder of the clients' keys, with ClientKeys.
        header: Header that names the caller, in lower case, with GatewayHeader.
        lifetime: How long an acceptance of the teacher counts, with PassThrough.
    """

    def __init__(
        self,
        access: Access,
        *,
        own_key: bool,
        keys: Path | None = None,
        header: str | None = None,
        lifetime: float = LIFETIME_SECONDS,
    ) -> None:
        # With a key of the pod's own, the caller's says nothing about the teacher.
        self._asks_teacher = access is Access.PASS_THROUGH and not own_key
        self._mode = access
        self._keys = ClientKeyStore(keys) if keys else None
        self._header = header.encode() if header else None
        self._salt = secrets.token_bytes(32)
        self._acceptances = AcceptedKeyCache(lifetime)
        self._kept = _kept_from_teacher(self._header, own_key=own_key)

    def authenticate(self, exchange: HttpExchange) -> Caller | None:
        """Give the caller; none when the request must be refused.

        What was shown to this router and not to the teacher is taken out of the
        request's headers.
        """
        headers = exchange.headers
        who = self._identity(headers)
        if who is None:
            return None
        if self._kept:
            exchange.headers = [pair for pair in headers if pair[0] not in self._kept]
        return Caller(hashlib.blake2b(who, key=self._salt, digest_size=16).digest())

    def is_accepted(self, caller: Caller, model: str) -> bool:
        """Say whether the surrogate may answer this caller."""
        if not self._asks_teacher:
            return True
        return self._acceptances.is_recent(caller.digest, model)

    def record_status(self, caller: Caller, model: str, status: int) -> None:
        """Note what the teacher said to a request with the caller's own key."""
        if status == HTTPStatus.OK:
            self._acceptances.accept(caller.digest, model)
        elif status == HTTPStatus.UNAUTHORIZED:
            self._acceptances.revoke(caller.digest)
        elif status == HTTPStatus.FORBIDDEN:
            self._acceptances.reject(caller.digest, model)

    def _identity(self, headers: Headers) -> bytes | None:
        match self._mode:
            case Access.PASS_THROUGH | Access.OPEN:
                return _credentials(headers)
            case Access.CLIENT_KEYS:
                return self._client(headers)
            case Access.GATEWAY_HEADER:
                named = [value for name, value in headers if name == self._header]
                # More than one means that somebody else has set it as well.
                return named[0] if len(named) == 1 and named[0].strip() else None

    def _client(self, headers: Headers) -> bytes | None:
        names = (
            self._keys.find_name(key) for key in presented_keys(headers) if self._keys
        )
        found = next((name for name in names if name), None)
        return found.encode() if found else None


def _kept_from_teacher(header: bytes | None, *, own_key: bool) -> frozenset[bytes]:
    kept = _KEYS if own_key else frozenset()
    return kept | {header} if header else kept


def _credentials(headers: Headers) -> bytes:
    # With lengths, so that no two sets of headers give the same bytes.
    return b"".join(
        b"%s:%d:%s\n" % (name, len(value), value)
        for name, value in headers
        if name in _CREDENTIALS
    )
