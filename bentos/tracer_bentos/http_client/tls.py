"""TLS settings for connections to the teacher."""

import ssl
from collections.abc import Sequence
from pathlib import Path

__all__ = ["TlsContext"]


class TlsContext:
    """TLS settings with certificate authorities that are reloaded when they change.

    Args:
        authorities: PEM file of authorities in addition to those of the system.
        protocols: ALPN protocols, in order of preference.
    """

    def __init__(self, authorities: Path | None, protocols: Sequence[str]) -> None:
        self._file = authorities
        self._protocols = list(protocols)
        self._modified = 0
        self._context: ssl.SSLContext | None = None

    @property
    def current(self) -> ssl.SSLContext:
        """The settings for a new connection.

        Raises:
            OSError: The file of authorities cannot be read.
        """
        modified = self._file.stat().st_mtime_ns if self._file else 0
        if self._context is None or modified != self._modified:
            context = ssl.create_default_context()
            context.set_alpn_protocols(self._protocols)
            if self._file:
                context.load_verify_locations(self._file)
            self._context, self._modified = context, modified
        return self._context
