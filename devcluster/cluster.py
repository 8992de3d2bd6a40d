"""One cluster: its name, its folders, and its running processes."""

import json
import os
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from devcluster.cache import cache_folder, key_of, write_atomically
from devcluster.errors import ClusterNotRunning, DevclusterError

DEFAULT_NAME = "dev"
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?")
HIDDEN_IN_NODE = (Path("/run"), Path("/var/lib"), Path("/var/log"))
LONGEST_SOCKET_PATH = 100
"""The kernel accepts at most 107 bytes."""


@dataclass(frozen=True)
class Running:
    """The record of a running cluster, written by its keeper."""

    keeper: int
    keeper_started: int
    api_port: int
    gateway_port: int


@dataclass(frozen=True)
class Cluster:
    """Paths and state of one cluster."""

    name: str

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise DevclusterError(
                f"{self.name!r} is not a name of a cluster: must have at most 20"
                " lowercase letters, digits, and '-', for example dev"
            )
        if len(str(self.containerd_socket)) > LONGEST_SOCKET_PATH:
            raise DevclusterError(
                f"{self.containerd_socket} is too long for a Unix socket; set"
                " TRACER_CACHE to a shorter path"
            )
        if any(hidden in self.folder.parents for hidden in HIDDEN_IN_NODE):
            raise DevclusterError(
                f"{self.folder} is hidden by a folder of the node; set TRACER_CACHE to"
                " another path"
            )

    @property
    def folder(self) -> Path:
        """Folder of all files of the cluster; `down` removes it."""
        return cache_folder("clusters") / self.name

    @property
    def log(self) -> Path:
        """Folder with one file per component, and the logs of the pods."""
        return self.folder / "log"

    @property
    def run(self) -> Path:
        """Folder that is mounted as /run in the node."""
        return self.folder / "run"

    @property
    def containerd_socket(self) -> Path:
        """Socket of containerd, for the node and for the host."""
        return self.run / "containerd.sock"

    @property
    def dial_socket(self) -> Path:
        """Socket for connections into the network of the cluster."""
        return self.run / "dial.sock"

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of the administrator, for the host."""
        return self.folder / "kubeconfig"

    @property
    def complete(self) -> Path:
        """File that exists when all add-ons are usable."""
        return self.folder / "complete"

    @property
    def cgroup(self) -> str:
        """Name of the control groups of the cluster."""
        if (
            "TRACER_CACHE" in os.environ
        ):  # two caches can contain clusters with one name
            return f"tracer-{self.name}-{key_of([str(cache_folder('clusters'))])[:6]}"
        return f"tracer-{self.name}"

    @property
    def _record(self) -> Path:
        return self.folder / "running.json"

    def record(self, running: Running) -> None:
        """Write the record of the running cluster."""
        write_atomically(self._record, json.dumps(asdict(running)))

    def running(self) -> Running | None:
        """Return the running cluster, or None if its keeper has exited."""
        try:
            found = Running(**json.loads(self._record.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        alive = process_started(found.keeper) == found.keeper_started
        return found if alive else None

    def expect_running(self) -> Running:
        """Return the running cluster.

        Raises:
            ClusterNotRunning: The cluster is not running.
        """
        running = self.running()
        if running is None:
            raise ClusterNotRunning(
                f"cluster {self.name!r} is not running; run "
                f"python -m devcluster up --name {self.name}"
            )
        return running

    def forget(self) -> None:
        """Remove all files of the cluster."""
        shutil.rmtree(self.folder, ignore_errors=True)


def process_started(pid: int) -> int | None:
    """Return the start time of a running process, or None if it has exited.

    The ID and the start time together identify a process uniquely.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def children_of(pid: int) -> list[int]:
    """Return the IDs of the child processes."""
    running = (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [int(entry.name) for entry in running if _parent_of(entry) == pid]


def _parent_of(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
