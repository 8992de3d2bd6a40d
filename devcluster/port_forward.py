"""Forwards a host port to a Service of a cluster until interrupted."""

import re

from devcluster.addons import kubectl
from devcluster.cluster import Cluster
from devcluster.errors import DevclusterError
from devcluster.forwarder import port_of, serve_forwarder

SERVICE = re.compile(r"(?P<namespace>[a-z0-9-]+)/(?P<name>[a-z0-9-]+):(?P<port>\d+)")


async def forward(cluster: Cluster, service: str, port: int = 0) -> None:
    """Print the host address of `NAMESPACE/SERVICE:PORT`, and forward it."""
    cluster.expect_running()
    found = SERVICE.fullmatch(service)
    if found is None:
        raise DevclusterError(
            f"{service!r} must have the form NAMESPACE/SERVICE:PORT, for example"
            " default/tickets:80"
        )
    where = ("-n", found["namespace"], "-o", "jsonpath={.spec.clusterIP}")
    address = kubectl(cluster, "get", "service", found["name"], *where)
    target = f"{address}:{found['port']}"
    server = await serve_forwarder(cluster.dial_socket, target, port)
    print(f"127.0.0.1:{port_of(server)}", flush=True)
    await server.serve_forever()
