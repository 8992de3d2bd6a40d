"""The keyed hash of sessions, equal in all pods and in maintenance."""

import hashlib

__all__ = ["SessionHash"]


class SessionHash:
    """Keyed hash of session names; the key depends only on the router.

    Args:
        salt: Strings that identify the router: URLs of the teacher and of the store.
    """

    def __init__(self, *salt: str) -> None:
        self._key = hashlib.sha256("\n".join(salt).encode()).digest()

    def digest(self, subject: str, size: int) -> bytes:
        """Return the hash of a session name.

        Args:
            subject: Name of the session, or ID of a request without a session.
            size: Length of the hash in bytes.
        """
        content = subject.encode(errors="replace")
        return hashlib.blake2b(content, key=self._key, digest_size=size).digest()

    def pseudonym(self, subject: str) -> str:
        """Return the hash in traces: sessions are distinct, and names are hidden."""
        return self.digest(subject, 12).hex()
