"""Authentication of callers, and whether the surrogate can answer a caller."""

import hashlib
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import Final

from tracer_bentos.protocols.api_conventions import KEY_HEADERS
from tracer_bentos.serving.auth.accepted_key_cache import (
    LIFETIME_SECONDS,
    AcceptedKeyCache,
)
from tracer_bentos.serving.auth.client_keys import ClientKeyStore, presented_keys
from tracer_bentos.serving.http_server.exchange import Headers, HttpExchange
from tracer_bentos.serving.records import Caller
from tracer_core.contracts.access import AccessMode

__all__ = ["Authenticator"]

_CREDENTIALS: Final = KEY_HEADERS | {
    b"cookie",
    b"openai-organization",
    b"openai-project",
}


class Authenticator:
    """Authenticates callers and records which of them the teacher accepted.

    Args:
        access: How callers authenticate.
        has_teacher_key: Whether the pod sends a key of its own to the teacher.
        keys: Folder of the client keys, for `ClientKeys`.
        header: Header with the name of the caller, in lower case, for `GatewayHeader`.
        lifetime: Lifetime of an acceptance in seconds, for `PassThrough`.
    """

    def __init__(
        self,
        access: AccessMode,
        *,
        has_teacher_key: bool,
        keys: Path | None = None,
        header: str | None = None,
        lifetime: float = LIFETIME_SECONDS,
    ) -> None:
        # If the pod sends its own key, the teacher does not check the caller's key.
        self._requires_acceptance = (
            access is AccessMode.PASS_THROUGH and not has_teacher_key
        )
        self._access = access
        self._client_keys = ClientKeyStore(keys) if keys else None
        self._header = header.encode() if header else None
        self._salt = secrets.token_bytes(32)
        self._accepted_keys = AcceptedKeyCache(lifetime)
        self._private_headers = _private_headers(
            self._header, has_teacher_key=has_teacher_key
        )

    def authenticate(self, exchange: HttpExchange) -> Caller | None:
        """Return the caller; None if the request must be rejected.

        Removes the headers that are for this router and not for the teacher from
        `exchange.headers`.
        """
        headers = exchange.headers
        identity = self._identity(headers)
        if identity is None:
            return None
        if self._private_headers:
            exchange.headers = [
                header for header in headers if header[0] not in self._private_headers
            ]
        digest = hashlib.blake2b(identity, key=self._salt, digest_size=16).digest()
        return Caller(digest)

    def is_accepted(self, caller: Caller, scope: str) -> bool:
        """Return whether the surrogate can answer this caller.

        Args:
            caller: The caller.
            scope: `ParsedRequest.access_scope` of the request, such as its model.
        """
        if not self._requires_acceptance:
            return True
        return self._accepted_keys.is_recent(caller.digest, scope)

    def record_status(self, caller: Caller, scope: str, status: int) -> None:
        """Record the status of the teacher for a request with the key of the caller."""
        if status == HTTPStatus.OK:
            self._accepted_keys.accept(caller.digest, scope)
        elif status == HTTPStatus.UNAUTHORIZED:
            self._accepted_keys.revoke(caller.digest)
        elif status == HTTPStatus.FORBIDDEN:
            self._accepted_keys.reject(caller.digest, scope)

    def _identity(self, headers: Headers) -> bytes | None:
        match self._access:
            case AccessMode.PASS_THROUGH | AccessMode.OPEN:
                return _credentials(headers)
            case AccessMode.CLIENT_KEYS:
                return self._client_name(headers)
            case AccessMode.GATEWAY_HEADER:
                values = [value for name, value in headers if name == self._header]
                # With several values, at least one is not from the gateway.
                return values[0] if len(values) == 1 and values[0].strip() else None

    def _client_name(self, headers: Headers) -> bytes | None:
        if self._client_keys is None:
            return None
        names = (self._client_keys.find_name(key) for key in presented_keys(headers))
        found = next((name for name in names if name), None)
        return found.encode() if found else None


def _private_headers(
    header: bytes | None, *, has_teacher_key: bool
) -> frozenset[bytes]:
    """Return the headers that must not reach the teacher."""
    private = KEY_HEADERS if has_teacher_key else frozenset()
    return private | {header} if header else private


def _credentials(headers: Headers) -> bytes:
    # The lengths make the encoding unambiguous.
    return b"".join(
        b"%s:%d:%s\n" % (name, len(value), value)
        for name, value in headers
        if name in _CREDENTIALS
    )
