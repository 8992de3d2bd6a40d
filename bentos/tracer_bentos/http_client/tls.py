"""The certificates that a teacher is believed by."""

import ssl
from collections.abc import Sequence
from pathlib import Path

__all__ = ["TlsContext"]


class TlsContext:
    """The certificates that a teacher is believed by, read again when they change."""

    def __init__(self, authorities: Path | None, speaks: Sequence[str]) -> None:
        self._file = authorities
        self._speaks = list(speaks)
        self._changed = 0
        self._context: ssl.SSLContext | None = None

    @property
    def current(self) -> ssl.SSLContext:
        """Give the settings for a new connection.

        Raises:
            OSError: The file of certificates cannot be read.
        """
        changed = self._file.stat().st_mtime_ns if self._file else 0
        if self._context is None or changed != self._changed:
            context = ssl.create_default_context()
            context.set_alpn_protocols(self._speaks)
            if self._file:
                context.load_verify_locations(self._file)
            self._context, self._changed = context, changed
        return self._context
