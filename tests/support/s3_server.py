"""A real S3 server on loopback: versitygw over a folder, as in the chart."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devcluster.go_build import VERSITYGW
from tracer_core.contracts.runtime_config import StoreConfig

__all__ = ["BUCKET", "S3Server", "s3_server"]

BUCKET = "traces"
KEY, SECRET = "test-key", "test-secret"


class S3Server:
    """A server that can be restarted over the same folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def config(self, prefix: str) -> StoreConfig:
        """Return the configuration of a part of the bucket."""
        return StoreConfig(
            url=f"s3://{BUCKET}/{prefix}",
            endpoint=f"http://127.0.0.1:{self._port}",
            credentials=self._folder / "credentials",
        )

    def start(self) -> None:
        """Return when the server accepts connections."""
        command = [str(VERSITYGW.binary), "--port", f"127.0.0.1:{self._port}"]
        command += ["posix", "--sidecar", str(self._folder / "metadata")]
        environment = {"ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET}
        self._process = subprocess.Popen(
            [*command, str(self._folder / "objects")],
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        while True:
            assert self._process.poll() is None, "versitygw did not start"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return

    def stop(self) -> None:
        """Kill the server; acknowledged data must be on its disk."""
        if self._process:
            self._process.kill()
            self._process.wait()


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run a server with an empty bucket."""
    (folder / "credentials").mkdir(parents=True)
    (folder / "credentials" / "access-key-id").write_text(KEY)
    (folder / "credentials" / "secret-access-key").write_text(SECRET)
    (folder / "metadata").mkdir()
    (folder / "objects" / BUCKET).mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = S3Server(folder, port)
    server.start()
    try:
        yield server
    finally:
        server.stop()
