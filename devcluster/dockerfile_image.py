"""Assembles an image from a Dockerfile, with no daemon, no registry and nothing run.

Equal inputs give equal bytes; a second build of the same inputs finds the first one.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from devcluster.cache import (
    cache_folder,
    key_of,
    locked,
    sha256_of_file,
    write_atomically,
)
from devcluster.copying import Context, copied
from devcluster.dockerfile import EXPANDED, Instruction, expand, parse
from devcluster.errors import DockerfileError
from devcluster.oci import (
    Entry,
    Image,
    Layer,
    image_folder,
    read_image,
    write_image,
    write_layer,
)
from devcluster.python_root import REFERENCE as PYTHON
from devcluster.python_root import python_image

SCRATCH = "scratch"


@dataclass(frozen=True)
class Order:
    """One build that is asked for."""

    file: Path
    context: Path
    base: str | None
    tag: str
    arguments: Mapping[str, str] = field(default_factory=dict)


def build_image(order: Order) -> Image:
    """Build the image, or find the one that equal inputs gave before."""
    instructions = parse(order.file.read_text())
    assembly = _Assembly(order)
    for instruction in instructions:
        assembly.carry_out(instruction)
    key = key_of(["1", order.tag, str(sorted(assembly.config.items())), *assembly.keys])
    archive = image_folder() / f"built-{key}.tar"
    with locked("built-images"):
        image = read_image(archive) or assembly.write(archive)
        write_atomically(_record_of(order.tag), image.archive)
    return image


def base_image(name: str) -> Image | None:
    """Give the image that FROM names; None is the empty one.

    Raises:
        DockerfileError: when nothing of that name was built here.
    """
    if name == SCRATCH:
        return None
    if name.partition(":")[0] == PYTHON:
        return python_image()
    record = _record_of(name)
    archive = Path(record.read_text()) if record.exists() else Path(name)
    found = read_image(archive)
    if found is None:
        raise DockerfileError(f"FROM {name}: no image of that name was built here")
    return found


def _record_of(tag: str) -> Path:
    return cache_folder("images/tags") / tag.replace("/", "_")


@dataclass(frozen=True)
class _Copy:
    """One COPY: what it puts into the image, and how it was asked for."""

    entries: list[Entry]
    said: str

    @property
    def key(self) -> str:
        """Changes with any path, permission, owner or content."""
        return key_of([self.said, *(_line_of(entry) for entry in self.entries)])


def _line_of(entry: Entry) -> str:
    content = sha256_of_file(entry.source) if entry.source else entry.link or ""
    return f"{entry.path} {entry.mode:o} {entry.owner} {content}"


class _Assembly:
    """The image as far as the instructions have come."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._context = Context(order.context)
        self._variables: dict[str, str] = {}
        self._base: Image | None = None
        self._copies: list[_Copy] = []
        self._from_seen = False
        self.config: dict[str, Any] = {}
        self.keys: list[str] = []

    def carry_out(self, instruction: Instruction) -> None:
        """Take one instruction into account."""
        if instruction.name in EXPANDED:
            value = expand(instruction.value, self._variables)
            instruction = replace(instruction, value=value)
        if not self._from_seen and instruction.name not in {"ARG", "FROM"}:
            raise instruction.refused("comes before FROM")
        step = getattr(self, f"_{instruction.name.lower()}")
        step(instruction)

    def write(self, archive: Path) -> Image:
        """Write the layers and the archive."""
        layers: list[Layer] = list(self._base.layers) if self._base else []
        layers += [_layer_of(one) for one in self._copies]
        return write_image(self._order.tag, layers, self.config, archive)

    def _arg(self, instruction: Instruction) -> None:
        name, _, default = instruction.value.partition("=")
        given = self._order.arguments
        self._variables[name] = given.get(name, default.strip("\"'"))

    def _from(self, instruction: Instruction) -> None:
        if self._from_seen:
            raise instruction.refused("a second stage needs RUN, which is not here")
        self._from_seen = True
        name = self._order.base or instruction.value.partition(" ")[0]
        self._base = base_image(name)
        if self._base:
            self.config = dict(self._base.config)
            self.keys.append(self._base.digest)

    def _copy(self, instruction: Instruction) -> None:
        workdir = self.config.get("WorkingDir", "/")
        entries = copied(self._context, instruction, workdir)
        made = _Copy(entries, f"COPY {instruction.value}")
        self._copies.append(made)
        self.keys.append(made.key)

    def _env(self, instruction: Instruction) -> None:
        pairs = instruction.pairs()
        held = [one.split("=", 1) for one in self.config.get("Env", [])]
        known = {**dict(held), **pairs}
        self._variables.update(pairs)
        self.config["Env"] = [f"{name}={value}" for name, value in known.items()]

    def _label(self, instruction: Instruction) -> None:
        self.config["Labels"] = {**self.config.get("Labels", {}), **instruction.pairs()}

    def _expose(self, instruction: Instruction) -> None:
        ports = {
            port if "/" in port else f"{port}/tcp": {} for port in instruction.words()
        }
        self.config["ExposedPorts"] = {**self.config.get("ExposedPorts", {}), **ports}

    def _user(self, instruction: Instruction) -> None:
        self.config["User"] = instruction.value

    def _stopsignal(self, instruction: Instruction) -> None:
        self.config["StopSignal"] = instruction.value

    def _workdir(self, instruction: Instruction) -> None:
        held = self.config.get("WorkingDir", "/")
        self.config["WorkingDir"] = str(PurePosixPath(held, instruction.value))

    def _entrypoint(self, instruction: Instruction) -> None:
        self.config["Entrypoint"] = _command(instruction)
        self.config.pop("Cmd", None)  # a command of the base belongs to its entry

    def _cmd(self, instruction: Instruction) -> None:
        self.config["Cmd"] = _command(instruction)


def _command(instruction: Instruction) -> list[str]:
    exact = instruction.exact()
    return ["/bin/sh", "-c", instruction.value] if exact is None else exact


def _layer_of(made: _Copy) -> Layer:
    """Give the layer of one COPY, written when its files are new."""
    record = cache_folder("images/layers") / made.key
    if record.exists():
        return Layer(**json.loads(record.read_text()))
    layer = write_layer(made.entries, made.said)
    write_atomically(record, json.dumps(asdict(layer)))
    return layer
