"""The keyed hash of sessions, alike in every pod and in maintenance."""

import hashlib

__all__ = ["SessionHash"]


class SessionHash:
    """Keyed hash of session names; the key depends on the router alone.

    Args:
        salt: Strings that identify the router: the teacher's URL and the store's.
    """

    def __init__(self, *salt: str) -> None:
        self._key = hashlib.sha256("\n".join(salt).encode()).digest()

    def digest(self, subject: str, size: int) -> bytes:
        """Return the hash of a session name.

        Args:
            subject: Session name, or a request's id where it names no session.
            size: Length of the hash in bytes.
        """
        content = subject.encode(errors="replace")
        return hashlib.blake2b(content, key=self._key, digest_size=size).digest()

    def pseudonym(self, subject: str) -> str:
        """Return the hash as traces hold it: sessions stay apart and unnamed."""
        return self.digest(subject, 12).hex()
