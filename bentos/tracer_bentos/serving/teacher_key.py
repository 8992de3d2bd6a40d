"""The teacher's own key from a mounted Secret, and the only hosts it may be sent to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tracer_bentos.serving.mounted import MountedSecret

__all__ = ["ALLOWED_HOSTS", "KeyRefused", "TeacherKey"]

ALLOWED_HOSTS: Final = "allowed-hosts"
"""Entry of a key's Secret that names the hosts it is for."""


class KeyRefused(Exception):  # noqa: N818 - an event that a caller tells in its own words
    """The key must not or cannot be sent; the message says why, never the key."""


class TeacherKey:
    """The key as its Secret has it now.

    Whoever may edit a router may point it anywhere, but need not be allowed to read the
    Secret. An entry `allowed-hosts` beside the key keeps it from being sent elsewhere.
    """

    def __init__(self, file: Path, host: str, port: int | None = None) -> None:
        self._name = file.name
        names = (file.name, ALLOWED_HOSTS)
        self._secret = MountedSecret(file.parent, names=names)
        self._addresses = _addresses(host, port)
        self._host = host

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
        if not self._allowed(entries):
            raise KeyRefused(
                f"the key's Secret does not name {self._host} among its"
                f" {ALLOWED_HOSTS}: add it there, or correct the teacher's URL"
            )
        return key

    def _allowed(self, entries: Mapping[str, str]) -> bool:
        listed = entries.get(ALLOWED_HOSTS)
        if listed is None:
            return True
        hosts = listed.replace(",", " ").lower().split()
        return any(_matches(self._addresses, host) for host in hosts)


def _addresses(host: str, port: int | None) -> frozenset[str]:
    host = host.lower().rstrip(".")
    return frozenset({host, f"{host}:{port}"} if port else {host})


def _matches(addresses: frozenset[str], pattern: str) -> bool:
    if not pattern.startswith("*."):
        return pattern in addresses
    # A star stands for one label or more, never for none.
    return any(address.endswith(pattern[1:]) for address in addresses)
