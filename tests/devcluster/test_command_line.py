from pathlib import Path
from string import Template

import pytest

from devcluster.addons import MANIFESTS, VALUES
from devcluster.cli import main, parser, split_passed_on
from devcluster.cluster import Cluster
from devcluster.components import components
from devcluster.configuration import kubelet_configuration
from devcluster.debian import REQUIREMENTS, missing_packages


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["kubectl", "get", "--name", "x"], ("dev", "kubectl", ["get", "--name", "x"])),
        (["--name", "two", "helm", "ls"], ("two", "helm", ["ls"])),
        (["--name", "two", "up"], ("two", None, [])),
        (["up"], ("dev", None, [])),
    ],
)
def test_arguments_after_kubectl_and_helm_are_passed_to_them(
    arguments: list[str], expected: tuple[str, str | None, list[str]]
) -> None:
    assert split_passed_on(arguments) == expected


def test_the_environment_selects_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVCLUSTER_NAME", "mine")
    assert split_passed_on(["kubectl"])[0] == "mine"
    assert parser().parse_args(["up"]).name == "mine"


@pytest.mark.parametrize("arguments", [["--name", "a", "up"], ["up", "--name", "a"]])
def test_the_name_can_be_before_or_after_the_command(arguments: list[str]) -> None:
    assert parser().parse_args(arguments).name == "a"


def test_status_of_a_stopped_cluster_has_exit_code_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["status", "--name", "none"]) == 1
    assert capsys.readouterr().out == "none: down\n"


def test_an_error_is_one_line_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["env", "--name", "none"]) == 1
    output = capsys.readouterr().err
    assert output.startswith("devcluster: cluster 'none' is not running")


def test_the_manifests_use_only_defined_variables() -> None:
    for name in ("base.yaml", "gateway.yaml"):
        assert "$" not in Template((MANIFESTS / name).read_text()).substitute(VALUES)


def test_every_package_is_required_once() -> None:
    packages = [requirement.package for requirement in REQUIREMENTS]
    assert len(packages) == len(set(packages))
    assert set(missing_packages()) <= set(packages)


def test_only_the_api_server_and_its_dependencies_start_before_it_is_ready() -> None:
    binaries = {"kubernetes": Path("/k"), "volumes": Path("/v")}
    parts = components(Cluster("one"), Path("/pki"), binaries)
    early = {part.name for part in parts if not part.needs_api}
    assert early == {"etcd", "containerd", "kube-apiserver", "dialler"}


def test_two_clusters_have_separate_control_groups_and_sockets() -> None:
    one, two = (
        kubelet_configuration(Cluster(name), Path("/pki")) for name in ("one", "two")
    )
    for setting in ("cgroupRoot", "containerRuntimeEndpoint", "resolvConf"):
        assert one[setting] != two[setting]
