"""The teacher's own key from a mounted Secret, and the only hosts it may be sent to."""

from pathlib import Path

from tracer_bentos.allowed_hosts import ALLOWED_HOSTS, may_have_key
from tracer_bentos.serving.auth.secret_volume import MountedSecret

__all__ = ["KeyRefused", "TeacherKey"]


class KeyRefused(Exception):  # noqa: N818 - an event that a caller tells in its own words
    """The key must not or cannot be sent; the message says why, never the key."""


class TeacherKey:
    """The key as its Secret has it now."""

    def __init__(self, file: Path, host: str, port: int | None = None) -> None:
        self._name = file.name
        names = (file.name, ALLOWED_HOSTS)
        self._secret = MountedSecret(file.parent, names=names)
        self._host, self._port = host, port

    def current(self) -> str:
        """Give the key.

        Raises:
            KeyRefused: There is none, or the teacher's host is not allowed to have it.
        """
        entries = self._secret.entries()
        key = entries.get(self._name)
        if not key:
            raise KeyRefused(
                f"the teacher's key {self._secret.folder / self._name} cannot be read"
            )
        if not (key.isascii() and key.isprintable()):
            # More than a key would be sent: a line break ends a header.
            raise KeyRefused(
                f"the teacher's key {self._secret.folder / self._name} is not one line"
                " of printable ASCII characters"
            )
        if not may_have_key(entries.get(ALLOWED_HOSTS), self._host, self._port):
            raise KeyRefused(
                f"the key's Secret does not name {self._host} among its"
                f" {ALLOWED_HOSTS}: add it there, or correct the teacher's URL"
            )
        return key
