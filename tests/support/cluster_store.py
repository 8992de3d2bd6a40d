"""The chart's S3 server as seen from the host, for one router's part of it."""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from examples.demo.cluster import Cluster
from tracer_bentos.store import TraceStore, open_store
from tracer_core.contracts.runtime_config import StoreConfig


@contextlib.contextmanager
def store_of(cluster: Cluster, namespace: str, router: str) -> Iterator[TraceStore]:
    """Open the store through a forwarded port; only our own cluster has forwards."""
    assert cluster.own, "this test reads the store of the devcluster"
    service = f"{namespace}/tracer-router-store:7070"
    command = [sys.executable, "-m", "devcluster", "forward", service]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as forward,
    ):
        assert forward.stdout is not None
        address = forward.stdout.readline().strip()
        (Path(folder) / "access-key-id").write_text("demo")
        (Path(folder) / "secret-access-key").write_text("demo-secret")
        try:
            yield open_store(
                StoreConfig(
                    url=f"s3://traces/{namespace}/{router}",
                    endpoint=f"http://{address}",
                    credentials=Path(folder),
                )
            )
        finally:
            forward.terminate()
