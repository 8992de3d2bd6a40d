"""PID 1 of a node: prepares its namespaces, then keeps the components running.

The keeper starts this process in new network, mount, and process namespaces. When this
process exits, the kernel terminates all other processes of the node.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from devcluster.addresses import API_PORT, NODE_ADDRESS
from devcluster.cluster import Cluster
from devcluster.commands import run
from devcluster.components import Component, components
from devcluster.go_build import KUBERNETES, VOLUMES
from devcluster.probes import api_ready

TUNABLES = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""Kernel settings of the machine that a kubelet requires. They are shown as set."""

PRIVATE_FOLDERS = {"lib": "/var/lib", "log": "/var/log", "run": "/run"}
"""Folders of the cluster, and their mount points in the node."""

RESTART_SECONDS = 1.0
TICK_SECONDS = 0.1


def prepare_mounts(cluster: Cluster) -> None:
    """Mount the folders of the node, so that it does not write to the host."""
    resolver = Path("/etc/resolv.conf").resolve()
    run(["mount", "--make-rprivate", "/"])
    run(["mount", "--make-rshared", "/"])
    for name, target in PRIVATE_FOLDERS.items():
        run(["mount", "--bind", cluster.folder / name, target])
    own = cluster.folder / "config" / "node-resolv.conf"
    own.write_text("nameserver 127.0.0.1\n")
    resolver.parent.mkdir(parents=True, exist_ok=True)
    resolver.touch()
    run(["mount", "--bind", own, resolver])
    for name, value in TUNABLES.items():
        shown = cluster.folder / "config" / name.replace("/", "-")
        shown.write_text(value + "\n")
        if Path("/proc/sys", name).exists():
            run(["mount", "--bind", shown, Path("/proc/sys", name)])


def prepare_network() -> None:
    """Configure an address and a default route without a destination."""
    run(["ip", "link", "set", "lo", "up"])
    run(["ip", "link", "add", "node0", "type", "veth", "peer", "name", "nowhere"])
    run(["ip", "address", "add", f"{NODE_ADDRESS}/24", "dev", "node0"])
    run(["ip", "link", "set", "nowhere", "up"])
    run(["ip", "link", "set", "node0", "up"])
    run(["ip", "route", "add", "default", "dev", "node0"])
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


class Node:
    """Starts components, and restarts components that exit."""

    def __init__(self, cluster: Cluster, parts: list[Component]) -> None:
        """Create a node with components in the order of their start."""
        self._log = cluster.log
        self._authority = cluster.folder / "pki" / "ca.crt"
        self._due = {part.name: (part, 0.0) for part in parts}
        self._running: dict[int, Component] = {}
        self._api_was_ready = False

    def keep_running(self) -> None:
        """Start and reap components until the process is terminated."""
        while True:
            self._start_due()
            self._reap()
            time.sleep(TICK_SECONDS)

    def _start_due(self) -> None:
        waiting = any(part.needs_api for part, _ in self._due.values())
        if waiting and not self._api_was_ready:
            self._api_was_ready = api_ready(self._authority, API_PORT)
        now = time.monotonic()
        for part, when in list(self._due.values()):
            if when <= now and (self._api_was_ready or not part.needs_api):
                del self._due[part.name]
                self._start(part)

    def _start(self, part: Component) -> None:
        with (self._log / f"{part.name}.log").open("ab") as log:
            started = subprocess.Popen(
                part.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._running[started.pid] = part
        # Reaped by process ID below, together with the orphans of the pods.
        started.returncode = 0
        print(f"started {part.name} with PID {started.pid}", flush=True)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            part = self._running.pop(pid, None)
            if part:
                code = os.waitstatus_to_exitcode(status)
                print(f"{part.name} exited with code {code}", flush=True)
                self._due[part.name] = (part, time.monotonic() + RESTART_SECONDS)


def main(name: str) -> None:
    """Run PID 1 of the cluster with this name."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    cluster = Cluster(name)
    # Resolved first, because the mounts below hide the folders of the host.
    binaries = {"kubernetes": KUBERNETES.binary, "volumes": VOLUMES.binary}
    parts = components(cluster, cluster.folder / "pki", binaries)
    prepare_mounts(cluster)
    prepare_network()
    Node(cluster, parts).keep_running()


if __name__ == "__main__":
    main(sys.argv[1])
