"""Cache folders between runs, with keys computed from content."""

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

KEY_LENGTH = 16
CHUNK = 1 << 20


def cache_root() -> Path:
    """Return the root folder of the cache."""
    chosen = os.environ.get("TRACER_CACHE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    default = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(default).expanduser().resolve() / "tracer-router"


def cache_folder(name: str) -> Path:
    """Return a folder of the cache; it is created if it does not exist."""
    folder = cache_root() / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def key_of(parts: Iterable[str | bytes]) -> str:
    """Return a short key that changes with any of the parts or their order."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(str(len(content)).encode() + b":" + content)
    return digest.hexdigest()[:KEY_LENGTH]


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 digest of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def write_atomically(path: Path, content: str, mode: int = 0o644) -> None:
    """Write a file so that readers never see an incomplete file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.touch(mode=mode)
    partial.write_text(content)
    partial.replace(path)


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock with this name; other processes on the machine wait."""
    path = cache_folder("locks") / name
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
