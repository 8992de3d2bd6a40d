"""Starts and stops a cluster; both can be repeated, and both clean up first."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import which

from devcluster.addons import install_addons, kubectl
from devcluster.cache import cache_folder, locked
from devcluster.cgroups import make_groups, remove_groups
from devcluster.charts import gateway_chart
from devcluster.cluster import Cluster, process_started
from devcluster.configuration import write_configuration
from devcluster.debian import ensure_prerequisites
from devcluster.errors import DevclusterError
from devcluster.go_build import HELM, KUBERNETES, build_all
from devcluster.image_store import LOCK
from devcluster.images import load_image
from devcluster.node import PRIVATE_FOLDERS
from devcluster.own_images import PAUSE_IMAGE, RECIPES, own_image
from devcluster.pki import make_certificates, write_kubeconfig
from devcluster.probes import api_ready, wait_until
from devcluster.progress import say

PACKAGE_ROOT = Path(__file__).parent.parent
LIBRARY_FOLDERS = ("containerd", "etcd", "kubelet", "volumes")
END_SECONDS = 15.0


def prepare() -> None:
    """Install, build, and package all parts of a cluster."""
    ensure_prerequisites()
    build_all()
    _link_programs()
    gateway_chart()
    with locked(LOCK):
        for recipe in RECIPES:
            own_image(recipe)


def bring_up(cluster: Cluster) -> None:
    """Start the cluster, or return immediately if it is running."""
    with locked(f"cluster-{cluster.name}"):
        if healthy(cluster):
            say(f"cluster {cluster.name} is up")
            return
        prepare()
        _end_and_clean(cluster)
        try:
            _start(cluster)
        except BaseException:
            say(f"cannot start cluster {cluster.name}; see the logs in {cluster.log}")
            raise
        cluster.complete.touch()
        say(f"cluster {cluster.name} is up")


def bring_down(cluster: Cluster) -> None:
    """Stop the cluster, and remove its files and processes."""
    with locked(f"cluster-{cluster.name}"):
        _end_and_clean(cluster)
    say(f"cluster {cluster.name} is down")


def healthy(cluster: Cluster) -> bool:
    """Return whether the cluster started completely and its API server is ready."""
    return cluster.complete.exists() and _api_answers(cluster)


def _start(cluster: Cluster) -> None:
    say(f"starting cluster {cluster.name}")
    pki = cluster.folder / "pki"
    for name in PRIVATE_FOLDERS:
        (cluster.folder / name).mkdir(parents=True)
    for name in LIBRARY_FOLDERS:
        (cluster.folder / "lib" / name).mkdir(mode=0o755)
    make_certificates(pki)
    runc = which("runc") or "runc"
    write_configuration(cluster, pki, pause=PAUSE_IMAGE.reference, runc=runc)
    make_groups(cluster.cgroup)
    _start_keeper(cluster)
    running = cluster.expect_running()
    write_kubeconfig(pki, "admin", running.api_port, cluster.kubeconfig)
    with ThreadPoolExecutor() as workers:
        importing = workers.submit(_import_images, cluster)
        wait_until(lambda: _api_answers(cluster), "the API server")
        say("the API server is ready")
        install_addons(cluster)
        importing.result()
    kubectl(cluster, "wait", "--for=condition=Ready", "node/node", "--timeout=60s")


def _start_keeper(cluster: Cluster) -> None:
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)}
    with (cluster.log / "node.log").open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "devcluster.keeper", cluster.name],
            cwd=cache_folder("clusters"),
            env=environment,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def recorded() -> bool:
        if keeper.poll() is not None:
            log = (cluster.log / "node.log").read_text()
            raise DevclusterError(f"the node did not start:\n{log}")
        return cluster.running() is not None

    wait_until(recorded, "the node")


def _import_images(cluster: Cluster) -> None:
    wait_until(cluster.containerd_socket.exists, "containerd")
    for recipe in RECIPES:
        load_image(cluster, own_image(recipe))
    say("the images are imported")


def _api_answers(cluster: Cluster) -> bool:
    running = cluster.running()
    authority = cluster.folder / "pki" / "ca.crt"
    return running is not None and api_ready(authority, running.api_port)


def _end_and_clean(cluster: Cluster) -> None:
    running = cluster.running()
    if running:
        _end(running.keeper, running.keeper_started)
    remove_groups(cluster.cgroup)
    cluster.forget()


def _end(pid: int, started: int) -> None:
    """Terminate the keeper; the kernel then terminates the node."""
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + END_SECONDS
    while process_started(pid) == started:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _link_programs() -> None:
    """Link kubectl and helm under constant names."""
    for name, binary in (("kubectl", KUBERNETES.binary), ("helm", HELM.binary)):
        link = cache_folder("bin") / name
        if not link.is_symlink() or link.readlink() != Path(binary.name):
            partial = link.with_name(f".{name}.{os.getpid()}")
            partial.symlink_to(binary.name)
            partial.replace(link)
