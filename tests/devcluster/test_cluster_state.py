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


def test_a_recorded_cluster_whose_keeper_lives_is_running() -> None:
    cluster = Cluster("one")
    cluster.record(running_as(os.getpid()))
    assert cluster.running() == running_as(os.getpid())


def test_a_process_that_got_the_number_of_a_dead_keeper_is_not_taken_for_it() -> None:
    cluster = Cluster("one")
    cluster.record(Running(os.getpid(), 1, 1, 2))
    assert cluster.running() is None


def test_an_ended_keeper_that_nobody_reaped_is_not_running() -> None:
    ended = subprocess.Popen(["true"])
    cluster = Cluster("one")
    cluster.record(running_as(ended.pid))
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert cluster.running() is None
    ended.wait()


@pytest.mark.parametrize("written", ["", "{}", "[]", '{"keeper": 1, "odd": 2}'])
def test_a_broken_record_is_no_running_cluster(written: str) -> None:
    cluster = Cluster("one")
    cluster.folder.mkdir()
    (cluster.folder / "running.json").write_text(written)
    assert cluster.running() is None


def test_a_verb_that_needs_a_cluster_says_how_to_start_it() -> None:
    with pytest.raises(ClusterNotRunning, match="up --name one"):
        Cluster("one").expect_running()


@pytest.mark.parametrize("name", ["", "Upper", "a/b", "-a", "a" * 21, "a\n"])
def test_a_name_that_could_be_more_than_a_folder_is_refused(name: str) -> None:
    with pytest.raises(DevclusterError, match="not a name"):
        Cluster(name)


@pytest.mark.parametrize("folder", ["/run/x", "/var/lib/x", "/var/log"])
def test_a_cache_where_the_node_has_its_own_folders_is_refused(
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


def test_down_without_a_cluster_removes_what_an_earlier_one_left() -> None:
    cluster = Cluster("one")
    (cluster.folder / "lib" / "etcd").mkdir(parents=True)
    dead = {"keeper": 1, "keeper_started": 1, "api_port": 1, "gateway_port": 1}
    (cluster.folder / "running.json").write_text(json.dumps(dead))
    bring_down(cluster)
    assert not cluster.folder.exists()


def test_a_cluster_that_did_not_come_up_wholly_is_not_healthy() -> None:
    cluster = Cluster("one")
    cluster.record(running_as(os.getpid()))
    assert not healthy(cluster)


@pytest.fixture
def hierarchy(tmp_path: Path) -> Path:
    for name in ("cpu", "memory"):
        (tmp_path / "cgroup" / name).mkdir(parents=True)
    return tmp_path / "cgroup"


def test_groups_are_made_in_every_hierarchy_and_removed_with_their_pods(
    hierarchy: Path,
) -> None:
    make_groups("tracer-one", hierarchy)
    (hierarchy / "cpu" / "tracer-one" / "kubepods" / "pod1").mkdir(parents=True)
    (hierarchy / "cpu" / "tracer-two").mkdir()
    remove_groups("tracer-one", hierarchy)
    assert sorted(path.name for path in hierarchy.glob("*/*")) == ["tracer-two"]


def test_pods_have_more_of_the_processor_than_what_runs_beside_them(
    hierarchy: Path,
) -> None:
    shares = hierarchy / "cpu" / "tracer-one" / "cpu.shares"
    shares.parent.mkdir()
    shares.write_text("1024")

    make_groups("tracer-one", hierarchy)

    assert shares.read_text() == "8192"
    assert list((hierarchy / "memory" / "tracer-one").iterdir()) == []


def test_what_still_runs_in_a_group_is_ended(tmp_path: Path) -> None:
    left = subprocess.Popen(["sleep", "60"])
    (tmp_path / "cgroup.procs").write_text(f"{left.pid}\n0\n")
    end_members(tmp_path)
    assert left.wait(timeout=10) == -signal.SIGKILL


def test_the_unified_hierarchy_is_one(hierarchy: Path) -> None:
    assert [top.name for top in hierarchies(hierarchy)] == ["cpu", "memory"]
    (hierarchy / "cgroup.controllers").touch()
    assert hierarchies(hierarchy) == [hierarchy]
