"""The process of a cluster on the host.

It listens on the host ports, starts the node in its namespaces, and exits with it. When
this process exits for any reason, the kernel terminates the node.
"""

import asyncio
import contextlib
import os
import signal
import sys

from devcluster.addresses import API_PORT, GATEWAY_ADDRESS, GATEWAY_PORT
from devcluster.cluster import Cluster, Running, children_of, process_started
from devcluster.forwarder import port_of, serve_forwarder

IN_NAMESPACES = (
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"),
    *("--propagation", "private"),
)


async def keep(cluster: Cluster) -> None:
    """Run the node until it exits, or until this process receives SIGTERM."""
    socket = cluster.dial_socket
    api = await serve_forwarder(socket, f"127.0.0.1:{API_PORT}")
    gateway = await serve_forwarder(socket, f"{GATEWAY_ADDRESS}:{GATEWAY_PORT}")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    command = [*IN_NAMESPACES, sys.executable, "-m", "devcluster.node", cluster.name]
    node = await asyncio.create_subprocess_exec(*command)
    own = os.getpid()
    started = process_started(own) or 0
    cluster.record(Running(own, started, port_of(api), port_of(gateway)))
    ended = asyncio.create_task(node.wait())
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not ended.done():
        _kill(children_of(node.pid))
    # The node exits after its last process.
    await ended


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(keep(Cluster(sys.argv[1])))
