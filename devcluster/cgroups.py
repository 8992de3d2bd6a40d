"""The control groups of one cluster, with cgroup v1, hybrid, and v2."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from devcluster.errors import PrerequisiteMissing

ROOT = Path("/sys/fs/cgroup")
V2_CONTROLLERS = "+cpu +cpuset +memory +pids"
PATIENCE_SECONDS = 10.0
WEIGHTS = {"cpu.shares": 8 * 1024, "cpu.weight": 8 * 100}
"""Eight times the weight of a process outside of the groups. A kubelet divides the CPU
of its node among pods, but here the whole node is one group that competes with a load
generator, an API server, and all other processes. With the weight of one process, pods
wait for hundreds of milliseconds."""


def hierarchies(root: Path = ROOT) -> list[Path]:
    """Return the root folder of each mounted hierarchy."""
    if (root / "cgroup.controllers").exists():
        return [root]
    return sorted(path for path in root.glob("*") if path.is_dir())


def make_groups(name: str, root: Path = ROOT) -> None:
    """Create the group of the cluster in every hierarchy."""
    tops = hierarchies(root)
    if not tops:
        raise PrerequisiteMissing(
            f"no control groups are mounted at {root}; mount them, or run on a host"
            " with control groups"
        )
    for top in tops:
        try:
            (top / name).mkdir(exist_ok=True)
        except OSError as error:
            raise PrerequisiteMissing(
                f"cannot create a control group in {top}: {error.strerror}; run as root"
                " on a host that permits it"
            ) from error
    if tops == [root]:
        for folder in (root, root / name):
            with contextlib.suppress(OSError):  # the kubelet reports what is missing
                (folder / "cgroup.subtree_control").write_text(V2_CONTROLLERS)
    for top in tops:
        for file, weight in WEIGHTS.items():
            if (top / name / file).exists():
                (top / name / file).write_text(str(weight))


def remove_groups(name: str, root: Path = ROOT) -> None:
    """Terminate all processes in the groups of the cluster, and remove the groups."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left := [top / name for top in hierarchies(root) if (top / name).exists()]:
        for group in left:
            for folder in _deepest_first(group):
                end_members(folder)
                with contextlib.suppress(OSError):  # busy until its members have exited
                    folder.rmdir()
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)


def end_members(folder: Path) -> None:
    """Terminate every process of one group."""
    with contextlib.suppress(OSError):
        for member in (folder / "cgroup.procs").read_text().split():
            if member != "0":  # a process of another namespace
                os.kill(int(member), signal.SIGKILL)


def _deepest_first(group: Path) -> Iterator[Path]:
    for folder, _, _ in os.walk(group, topdown=False):
        yield Path(folder)
