"""Applies the instructions of a Dockerfile to an image, without running commands."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from devcluster.cache import cache_folder, key_of, sha256_of_file, write_atomically
from devcluster.copying import Context, copied
from devcluster.dockerfile import EXPANDED, Instruction, expand
from devcluster.image_store import SCRATCH, base_image
from devcluster.layers import Entry, Layer, write_layer
from devcluster.oci import Image


@dataclass(frozen=True)
class _Copy:
    """One COPY instruction: its entries in the image and its text."""

    entries: list[Entry]
    instruction: str

    @cached_property
    def key(self) -> str:
        """Key that changes with any path, permission, owner, or content."""
        return key_of([self.instruction, *(_line_of(entry) for entry in self.entries)])


def _line_of(entry: Entry) -> str:
    content = sha256_of_file(entry.source) if entry.source else entry.link or ""
    return f"{entry.path} {entry.mode:o} {entry.owner} {content}"


class Assembly:
    """The image after the instructions that have been applied."""

    def __init__(
        self, context: Context, base: str | None, arguments: Mapping[str, str]
    ) -> None:
        """Start without layers; `base` replaces the image of FROM."""
        self._context = context
        self._base_name = base
        self._arguments = arguments
        self._variables: dict[str, str] = {}
        self._base: Image | None = None
        self._copies: list[_Copy] = []
        self._from_seen = False
        self.config: dict[str, Any] = {}

    def apply(self, instruction: Instruction) -> None:
        """Apply one instruction."""
        if instruction.name in EXPANDED:
            value = expand(instruction.value, self._variables)
            instruction = replace(instruction, value=value)
        if not self._from_seen and instruction.name not in {"ARG", "FROM"}:
            raise instruction.error("must come after FROM")
        getattr(self, f"_{instruction.name.lower()}")(instruction)

    @property
    def key(self) -> str:
        """Key that changes with the base, any file, and any setting."""
        base = self._base.digest if self._base else SCRATCH
        settings = json.dumps(self.config, sort_keys=True)
        return key_of([base, settings, *(copy.key for copy in self._copies)])

    def layers(self) -> list[Layer]:
        """Return all layers; layers with new files are written."""
        below = list(self._base.layers) if self._base else []
        return below + [_layer_of(copy) for copy in self._copies]

    def _arg(self, instruction: Instruction) -> None:
        name, _, default = instruction.value.partition("=")
        self._variables[name] = self._arguments.get(name, default.strip("\"'"))

    def _from(self, instruction: Instruction) -> None:
        if self._from_seen:
            raise instruction.error("a second stage is not supported")
        self._from_seen = True
        name = self._base_name or instruction.value.partition(" ")[0]
        self._base = base_image(name)
        if self._base:
            self.config = dict(self._base.config)
            inherited = [pair.split("=", 1) for pair in self.config.get("Env", [])]
            self._variables.update(dict(inherited))

    def _copy(self, instruction: Instruction) -> None:
        workdir = self.config.get("WorkingDir", "/")
        entries = copied(self._context, instruction, workdir)
        self._copies.append(_Copy(entries, f"COPY {instruction.value}"))

    def _env(self, instruction: Instruction) -> None:
        pairs = instruction.pairs()
        previous = [pair.split("=", 1) for pair in self.config.get("Env", [])]
        known = {**dict(previous), **pairs}
        self._variables.update(pairs)
        self.config["Env"] = [f"{name}={value}" for name, value in known.items()]

    def _label(self, instruction: Instruction) -> None:
        self.config["Labels"] = {**self.config.get("Labels", {}), **instruction.pairs()}

    def _expose(self, instruction: Instruction) -> None:
        ports: dict[str, dict[str, str]] = {
            port if "/" in port else f"{port}/tcp": {} for port in instruction.words()
        }
        self.config["ExposedPorts"] = {**self.config.get("ExposedPorts", {}), **ports}

    def _user(self, instruction: Instruction) -> None:
        self.config["User"] = instruction.value

    def _stopsignal(self, instruction: Instruction) -> None:
        self.config["StopSignal"] = instruction.value

    def _workdir(self, instruction: Instruction) -> None:
        previous = self.config.get("WorkingDir", "/")
        self.config["WorkingDir"] = str(PurePosixPath(previous, instruction.value))

    def _entrypoint(self, instruction: Instruction) -> None:
        self.config["Entrypoint"] = _command(instruction)
        self.config.pop(
            "Cmd", None
        )  # the command of the base belongs to its entry point

    def _cmd(self, instruction: Instruction) -> None:
        self.config["Cmd"] = _command(instruction)


def _command(instruction: Instruction) -> list[str]:
    exact = instruction.exact()
    return ["/bin/sh", "-c", instruction.value] if exact is None else exact


def _layer_of(copy: _Copy) -> Layer:
    """Return the layer of one COPY; it is written if its files are new."""
    record = cache_folder("images/layers") / copy.key
    if record.exists():
        found = Layer(**json.loads(record.read_text()))
        if found.blob.exists():
            return found
    layer = write_layer(copy.entries, copy.instruction)
    write_atomically(record, json.dumps(asdict(layer)))
    return layer
