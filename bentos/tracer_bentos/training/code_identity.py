"""Which code made a certificate: the version and the content of its files."""

import hashlib
from functools import cache
from pathlib import Path

import tracer_bentos
from tracer_router import __version__, parity
from tracer_router.contracts.certificate import CodeIdentity

__all__ = ["code_identity"]

_PACKAGES = ("packaging", "redaction", "training")
"""What decides, what prepares the texts for it, and what learns and certifies."""


@cache
def code_identity() -> CodeIdentity:
    """Give the identity of the code that is running."""
    ours = Path(tracer_bentos.__file__).parent
    folders = {name: ours / name for name in _PACKAGES}
    folders["parity"] = Path(parity.__file__).parent
    whole = hashlib.sha256()
    for name, folder in sorted(folders.items()):
        for file in sorted(folder.rglob("*.py")):
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            whole.update(f"{name}/{file.relative_to(folder)} {content}\n".encode())
    return CodeIdentity(version=__version__, digest="sha256:" + whole.hexdigest())
