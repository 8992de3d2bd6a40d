"""The control groups of one cluster, in cgroup v1, hybrid and v2 alike."""

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
"""Eight times what each process beside the groups has. A kubelet says what its pods
get of a node, but here the whole of that node is one group beside a load generator, an
API server and whatever else runs: with the weight of one of them pods wait for hundreds
of milliseconds."""


def hierarchies(root: Path = ROOT) -> list[Path]:
    """Give the top of every hierarchy that is mounted."""
    if (root / "cgroup.controllers").exists():
        return [root]
    return sorted(path for path in root.glob("*") if path.is_dir())


def make_groups(name: str, root: Path = ROOT) -> None:
    """Make the cluster's own group in every hierarchy."""
    tops = hierarchies(root)
    if not tops:
        raise PrerequisiteMissing(f"no control groups are mounted at {root}")
    for top in tops:
        try:
            (top / name).mkdir(exist_ok=True)
        except OSError as error:
            raise PrerequisiteMissing(
                f"cannot make a control group in {top}: {error.strerror}"
            ) from error
    if tops == [root]:
        for folder in (root, root / name):
            with contextlib.suppress(OSError):  # the kubelet says what it misses
                (folder / "cgroup.subtree_control").write_text(V2_CONTROLLERS)
    for top in tops:
        for file, weight in WEIGHTS.items():
            if (top / name / file).exists():
                (top / name / file).write_text(str(weight))


def remove_groups(name: str, root: Path = ROOT) -> None:
    """End what is left in the cluster's groups and remove them."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left := [top / name for top in hierarchies(root) if (top / name).exists()]:
        for group in left:
            for folder in _deepest_first(group):
                end_members(folder)
                with contextlib.suppress(OSError):  # busy until its members are gone
                    folder.rmdir()
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)


def end_members(folder: Path) -> None:
    """End every process of one group."""
    with contextlib.suppress(OSError):
        for member in (folder / "cgroup.procs").read_text().split():
            if member != "0":  # a process of a namespace that is not ours
                os.kill(int(member), signal.SIGKILL)


def _deepest_first(group: Path) -> Iterator[Path]:
    for folder, _, _ in os.walk(group, topdown=False):
        yield Path(folder)
