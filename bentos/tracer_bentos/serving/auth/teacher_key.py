"""The teacher's own key from a mounted Secret, and the only hosts it may be sent to."""

from pathlib import Path

from tracer_bentos.allowed_hosts import ALLOWED_HOSTS, is_host_allowed
from tracer_bentos.serving.auth.secret_volume import SecretVolume

__all__ = ["TeacherKey", "TeacherKeyRejected"]


class TeacherKeyRejected(Exception):  # noqa: N818 - an event that a caller tells in its own words
    """The key must not or cannot be sent; the message says why, never the key."""


class TeacherKey:
    """The key as its Secret has it now."""

    def __init__(self, file: Path, host: str, port: int | None = None) -> None:
        self._name = file.name
        names = (file.name, ALLOWED_HOSTS)
        self._secret = SecretVolume(file.parent, names=names)
        self._host, self._port = host, port

    def current(self) -> str:
        """Give the key.

        Raises:
            TeacherKeyRejected: There is no key, or the teacher's host may not have it.
        """
        entries = self._secret.read()
        key = entries.get(self._name)
        if not key:
            raise TeacherKeyRejected(
                f"the teacher's key {self._secret.folder / self._name} cannot be read"
            )
        if not (key.isascii() and key.isprintable()):
            # More than a key would be sent: a line break ends a header.
            raise TeacherKeyRejected(
                f"the teacher's key {self._secret.folder / self._name} is not one line"
                " of printable ASCII characters"
            )
        if not is_host_allowed(entries.get(ALLOWED_HOSTS), self._host, self._port):
            raise TeacherKeyRejected(
                f"the key's Secret does not name {self._host} among its"
                f" {ALLOWED_HOSTS}: add it there, or correct the teacher's URL"
            )
        return key
