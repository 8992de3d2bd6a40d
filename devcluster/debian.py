"""What the machine must have, and the installation of what it lacks from Debian."""

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
    "#!/bin/sh\n# No service of Debian's own: the node starts its own.\nexit 101\n"
)


@dataclass(frozen=True)
class Requirement:
    """One Debian package, and how to see that what it brings is there."""

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
    """Put the system folders on the search path; a plain shell may lack them."""
    folders = os.environ.get("PATH", "/usr/bin:/bin").split(":")
    added = [folder for folder in SYSTEM_FOLDERS if folder not in folders]
    os.environ["PATH"] = ":".join([*folders, *added])


def missing_packages() -> list[str]:
    """Give the packages whose contents are not on this machine."""
    return [one.package for one in REQUIREMENTS if not one.present()]


def ensure_prerequisites() -> None:
    """Install what is missing, or say what a person has to do.

    Raises:
        PrerequisiteMissing: when the machine cannot run a node.
    """
    if platform.machine() != "x86_64":
        raise PrerequisiteMissing("the pinned wheels are for x86_64")
    if os.geteuid() != 0:
        raise PrerequisiteMissing("a node needs root: namespaces, mounts, cgroups")
    missing = missing_packages()
    if missing:
        _install(missing)
    try:
        run(["unshare", "--net", "--mount", "--pid", "--fork", "true"])
    except CommandFailed as error:
        raise PrerequisiteMissing(
            f"namespaces are not permitted here: {error}"
        ) from error


def _install(packages: list[str]) -> None:
    wanted = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise PrerequisiteMissing(f"no apt-get here; install by hand: {wanted}")
    say(f"installing {wanted}")
    settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]
    with _services_held_back():
        try:
            run(command, env=settings)
        except CommandFailed:  # no lists yet, or lists of packages that are gone
            run(["apt-get", "update", "-q"], env=settings)
            run(command, env=settings)


@contextmanager
def _services_held_back() -> Iterator[None]:
    """Keep Debian from starting the services it installs; a policy there is kept."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text(NO_SERVICES)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
