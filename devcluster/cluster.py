"""One cluster: its name, its folders and what is known of the running one."""

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
"""The kernel takes 107 bytes."""


@dataclass(frozen=True)
class Running:
    """What the keeper of a running cluster writes down."""

    keeper: int
    keeper_started: int
    api_port: int
    gateway_port: int


@dataclass(frozen=True)
class Cluster:
    """Where everything about one cluster is."""

    name: str

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise DevclusterError(f"not a name for a cluster: {self.name!r}")
        if len(str(self.containerd_socket)) > LONGEST_SOCKET_PATH:
            raise DevclusterError("TRACER_CACHE is too long a path for Unix sockets")
        if any(hidden in self.folder.parents for hidden in HIDDEN_IN_NODE):
            raise DevclusterError(
                f"{self.folder} is where a node has folders of its own: "
                "set TRACER_CACHE to another place"
            )

    @property
    def folder(self) -> Path:
        """Everything of the cluster; `down` removes it."""
        return cache_folder("clusters") / self.name

    @property
    def log(self) -> Path:
        """One file per component, and the logs of the pods."""
        return self.folder / "log"

    @property
    def run(self) -> Path:
        """What the node sees as /run."""
        return self.folder / "run"

    @property
    def containerd_socket(self) -> Path:
        """Where containerd listens, for the node and for the host."""
        return self.run / "containerd.sock"

    @property
    def dial_socket(self) -> Path:
        """The door into the cluster's network."""
        return self.run / "dial.sock"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's access from the host."""
        return self.folder / "kubeconfig"

    @property
    def complete(self) -> Path:
        """Exists once every add-on is usable."""
        return self.folder / "complete"

    @property
    def cgroup(self) -> str:
        """The name of the cluster's own control groups."""
        if "TRACER_CACHE" in os.environ:  # two caches may hold clusters of one name
            return f"tracer-{self.name}-{key_of([str(cache_folder('clusters'))])[:6]}"
        return f"tracer-{self.name}"

    @property
    def _record(self) -> Path:
        return self.folder / "running.json"

    def record(self, running: Running) -> None:
        """Write down the running cluster."""
        write_atomically(self._record, json.dumps(asdict(running)))

    def running(self) -> Running | None:
        """Give the running cluster, or None when its keeper has ended."""
        try:
            found = Running(**json.loads(self._record.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        alive = process_started(found.keeper) == found.keeper_started
        return found if alive else None

    def expect_running(self) -> Running:
        """Give the running cluster.

        Raises:
            ClusterNotRunning: when there is none.
        """
        running = self.running()
        if running is None:
            raise ClusterNotRunning(
                f"cluster {self.name!r} is not running: "
                f"python -m devcluster up --name {self.name}"
            )
        return running

    def forget(self) -> None:
        """Remove everything that is known of the cluster."""
        shutil.rmtree(self.folder, ignore_errors=True)


def process_started(pid: int) -> int | None:
    """Give the start time of a living process: with the id it names one for good."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def children_of(pid: int) -> list[int]:
    """Give the processes whose parent is the given one."""
    running = (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [int(entry.name) for entry in running if _parent_of(entry) == pid]


def _parent_of(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
