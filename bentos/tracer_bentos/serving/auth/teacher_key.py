"""The key for the teacher from a mounted Secret, and the hosts that can receive it."""

from pathlib import Path

from tracer_bentos.allowed_hosts import ALLOWED_HOSTS, is_host_allowed
from tracer_bentos.serving.auth.secret_volume import SecretVolume

__all__ = ["TeacherKey", "TeacherKeyRejected"]


class TeacherKeyRejected(Exception):  # noqa: N818 - reported as TeacherUnreachable
    """The key cannot or must not be sent; the message never contains the key."""


class TeacherKey:
    """The current key in the Secret.

    Args:
        file: File of the key in the mounted Secret.
        host: Host of the teacher.
        port: Port of the teacher; None for the default port.
    """

    def __init__(self, file: Path, host: str, port: int | None = None) -> None:
        self._name = file.name
        names = (file.name, ALLOWED_HOSTS)
        self._secret = SecretVolume(file.parent, names=names)
        self._host, self._port = host, port

    def current(self) -> str:
        """Return the key.

        Raises:
            TeacherKeyRejected: There is no valid key, or the Secret does not allow the
                host of the teacher.
        """
        entries = self._secret.read()
        key = entries.get(self._name)
        if not key:
            raise TeacherKeyRejected(
                f"cannot read the teacher key {self._secret.folder / self._name};"
                " check the Secret and its key name"
            )
        if not (key.isascii() and key.isprintable()):
            # A line break would end the header and start another one.
            raise TeacherKeyRejected(
                f"the teacher key {self._secret.folder / self._name} is not one line"
                " of printable ASCII characters; correct the Secret"
            )
        if not is_host_allowed(entries.get(ALLOWED_HOSTS), self._host, self._port):
            raise TeacherKeyRejected(
                f"{ALLOWED_HOSTS} of the key Secret does not list {self._host};"
                " add the host, or correct the URL of the teacher"
            )
        return key
