import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from devcluster.cgroups import end_members, hierarchies, make_groups, remove_groups
from devcluster.cluster import Cluster, Running, children_of, process_started
from devcluster.errors import ClusterNotRunning, DevclusterError
from devcluster.launcher import bring_down, healthy


def running_as(pid: int) -> Running:
    return Running(pid, process_started(pid) or 0, 1, 2)


def test_a_recorded_cluster_with_a_running_keeper_is_running() -> None:
    cluster = Cluster("one")
    cluster.record(running_as(os.getpid()))
    assert cluster.running() == running_as(os.getpid())


def test_another_process_with_the_id_of_the_keeper_is_not_the_keeper() -> None:
    cluster = Cluster("one")
    cluster.record(Running(os.getpid(), 1, 1, 2))
    assert cluster.running() is None


def test_a_zombie_keeper_is_not_running() -> None:
    ended = subprocess.Popen(["true"])
    cluster = Cluster("one")
    cluster.record(running_as(ended.pid))
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert cluster.running() is None
    ended.wait()


@pytest.mark.parametrize("written", ["", "{}", "[]", '{"keeper": 1, "odd": 2}'])
def test_a_cluster_with_an_invalid_record_is_not_running(written: str) -> None:
    cluster = Cluster("one")
    cluster.folder.mkdir()
    (cluster.folder / "running.json").write_text(written)
    assert cluster.running() is None


def test_a_command_without_a_cluster_reports_how_to_start_it() -> None:
    with pytest.raises(ClusterNotRunning, match="up --name one"):
        Cluster("one").expect_running()


@pytest.mark.parametrize("name", ["", "Upper", "a/b", "-a", "a" * 21, "a\n"])
def test_an_invalid_name_is_rejected(name: str) -> None:
    with pytest.raises(DevclusterError, match="is not a name of a cluster"):
        Cluster(name)


@pytest.mark.parametrize("folder", ["/run/x", "/var/lib/x", "/var/log"])
def test_a_cache_in_a_folder_of_the_node_is_rejected(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devcluster.cluster.cache_folder", Path(folder).joinpath)
    with pytest.raises(DevclusterError, match="set TRACER_CACHE"):
        Cluster("one")


def test_children_are_found_by_their_parent() -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        assert child.pid in children_of(os.getpid())
    finally:
        child.kill()
        child.wait()


def test_down_without_a_cluster_removes_files_of_an_earlier_one() -> None:
    cluster = Cluster("one")
    (cluster.folder / "lib" / "etcd").mkdir(parents=True)
    dead = {"keeper": 1, "keeper_started": 1, "api_port": 1, "gateway_port": 1}
    (cluster.folder / "running.json").write_text(json.dumps(dead))
    bring_down(cluster)
    assert not cluster.folder.exists()


def test_a_cluster_that_did_not_start_completely_is_not_healthy() -> None:
    cluster = Cluster("one")
    cluster.record(running_as(os.getpid()))
    assert not healthy(cluster)


@pytest.fixture
def hierarchy(tmp_path: Path) -> Path:
    for name in ("cpu", "memory"):
        (tmp_path / "cgroup" / name).mkdir(parents=True)
    return tmp_path / "cgroup"


def test_groups_are_created_in_every_hierarchy_and_removed_with_their_pods(
    hierarchy: Path,
) -> None:
    make_groups("tracer-one", hierarchy)
    (hierarchy / "cpu" / "tracer-one" / "kubepods" / "pod1").mkdir(parents=True)
    (hierarchy / "cpu" / "tracer-two").mkdir()
    remove_groups("tracer-one", hierarchy)
    assert sorted(path.name for path in hierarchy.glob("*/*")) == ["tracer-two"]


def test_pods_have_a_larger_cpu_weight_than_other_processes(
    hierarchy: Path,
) -> None:
    shares = hierarchy / "cpu" / "tracer-one" / "cpu.shares"
    shares.parent.mkdir()
    shares.write_text("1024")

    make_groups("tracer-one", hierarchy)

    assert shares.read_text() == "8192"
    assert list((hierarchy / "memory" / "tracer-one").iterdir()) == []


def test_processes_in_a_group_are_terminated(tmp_path: Path) -> None:
    process = subprocess.Popen(["sleep", "60"])
    (tmp_path / "cgroup.procs").write_text(f"{process.pid}\n0\n")
    end_members(tmp_path)
    assert process.wait(timeout=10) == -signal.SIGKILL


def test_cgroup_v2_has_one_hierarchy(hierarchy: Path) -> None:
    assert [top.name for top in hierarchies(hierarchy)] == ["cpu", "memory"]
    (hierarchy / "cgroup.controllers").touch()
    assert hierarchies(hierarchy) == [hierarchy]
