"""A separate environment for the peer, so that its pins do not affect the product."""

import subprocess
import sys
from pathlib import Path

from devcluster.cache import cache_folder

__all__ = ["PEER", "peer_python", "peer_versions"]

PEER = "tracer-llm==0.3.3"


def peer_python() -> Path:
    """Return the interpreter of the environment, after creating it if needed."""
    folder = cache_folder(f"benchmarks/{PEER}")
    python, ready = folder / "venv" / "bin" / "python", folder / "ready"
    if not ready.exists():
        print(f"creating an environment with {PEER} in {folder}", flush=True)
        _uv("venv", "--clear", "--python", sys.executable, str(folder / "venv"))
        _uv("pip", "install", "--python", str(python), PEER)
        ready.touch()
    return python


def peer_versions() -> list[str]:
    """Return the installed packages, one requirement per line."""
    command = [sys.executable, "-m", "uv", "pip", "freeze", "--python"]
    python = str(peer_python())
    return subprocess.check_output([*command, python], text=True).split()  # noqa: S603 - uv of this environment


def _uv(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "uv", "--quiet", *arguments], check=True)  # noqa: S603 - uv of this environment
