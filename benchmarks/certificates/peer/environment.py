"""An environment of the peer's own, so that neither side bends to the other's pins."""

import subprocess
import sys
from pathlib import Path

from devcluster.cache import cache_folder

__all__ = ["PEER", "peer_python", "peer_versions"]

PEER = "tracer-llm==0.3.3"


def peer_python() -> Path:
    """Give the interpreter of the peer's environment, made when absent."""
    folder = cache_folder(f"benchmarks/{PEER}")
    python, ready = folder / "venv" / "bin" / "python", folder / "ready"
    if not ready.exists():
        print(f"making an environment with {PEER} in {folder}", flush=True)
        _uv("venv", "--clear", "--python", sys.executable, str(folder / "venv"))
        _uv("pip", "install", "--python", str(python), PEER)
        ready.touch()
    return python


def peer_versions() -> list[str]:
    """Give what is installed there, one requirement each."""
    command = [sys.executable, "-m", "uv", "pip", "freeze", "--python"]
    python = str(peer_python())
    return subprocess.check_output([*command, python], text=True).split()  # noqa: S603 - our own uv


def _uv(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "uv", "--quiet", *arguments], check=True)  # noqa: S603 - our own uv
