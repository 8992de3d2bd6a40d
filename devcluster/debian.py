"""Required Debian packages and their installation."""

import importlib.util
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devcluster.commands import run
from devcluster.errors import CommandFailed, PrerequisiteMissing
from devcluster.progress import say

SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
POLICY = Path("/usr/sbin/policy-rc.d")
NO_SERVICES = (
    "#!/bin/sh\n"
    "# Do not start the services of Debian: the node starts its own.\n"
    "exit 101\n"
)


@dataclass(frozen=True)
class Requirement:
    """A Debian package, and a check whether its files are installed."""

    package: str
    present: Callable[[], bool]


def _program(package: str, name: str) -> Requirement:
    return Requirement(package, lambda: shutil.which(name) is not None)


def _library(package: str, pattern: str) -> Requirement:
    folders = (Path("/usr/lib"), Path("/lib"))
    return Requirement(
        package,
        lambda: any(next(folder.glob(pattern), None) for folder in folders),
    )


def _pip_present() -> bool:
    own = importlib.util.find_spec("pip") is not None
    return own or Path("/usr/lib/python3/dist-packages/pip").exists()


REQUIREMENTS = (
    _program("etcd-server", "etcd"),
    _program("containerd", "containerd"),
    _program("runc", "runc"),
    _library("containernetworking-plugins", "cni/ptp"),
    _program("nftables", "nft"),
    _program("iproute2", "ip"),
    _program("openssl", "openssl"),
    _program("util-linux", "unshare"),
    _program("mount", "mount"),
    _library("libstdc++6", "*/libstdc++.so.6"),
    _library("libgomp1", "*/libgomp.so.1"),
    Requirement("ca-certificates", Path("/etc/ssl/certs/ca-certificates.crt").exists),
    Requirement("python3-pip", _pip_present),
)


def find_system_programs() -> None:
    """Add the system folders to the search path, if they are missing."""
    folders = os.environ.get("PATH", "/usr/bin:/bin").split(":")
    added = [folder for folder in SYSTEM_FOLDERS if folder not in folders]
    os.environ["PATH"] = ":".join([*folders, *added])


def missing_packages() -> list[str]:
    """Return the packages that are not installed."""
    return [
        requirement.package for requirement in REQUIREMENTS if not requirement.present()
    ]


def ensure_prerequisites() -> None:
    """Install missing packages.

    Raises:
        PrerequisiteMissing: The machine cannot run a node; the message contains the
            required action.
    """
    if platform.machine() != "x86_64":
        raise PrerequisiteMissing(
            f"machine type is {platform.machine()}: must be x86_64, because the pinned"
            " wheels require it"
        )
    if os.geteuid() != 0:
        raise PrerequisiteMissing(
            "not running as root: a node requires root for namespaces, mounts, and"
            " control groups"
        )
    missing = missing_packages()
    if missing:
        _install(missing)
    try:
        run(["unshare", "--net", "--mount", "--pid", "--fork", "true"])
    except CommandFailed as error:
        raise PrerequisiteMissing(
            f"cannot create namespaces; run on a host that permits them: {error}"
        ) from error


def _install(packages: list[str]) -> None:
    wanted = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise PrerequisiteMissing(
            f"apt-get not found; install these packages manually: {wanted}"
        )
    say(f"installing {wanted}")
    settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]
    with _services_held_back():
        try:
            run(command, env=settings)
        except CommandFailed:  # no package lists, or outdated ones
            run(["apt-get", "update", "-q"], env=settings)
            run(command, env=settings)


@contextmanager
def _services_held_back() -> Iterator[None]:
    """Prevent Debian from starting installed services; an existing policy is kept."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text(NO_SERVICES)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
