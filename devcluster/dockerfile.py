"""Parser for the Dockerfile instructions that copy files and set metadata.

No commands are run, so `RUN` and all other instructions are rejected.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from devcluster.errors import DockerfileError

KNOWN = {
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "LABEL",
    "STOPSIGNAL",
    "USER",
    "WORKDIR",
}
EXPANDED = KNOWN - {"CMD", "ENTRYPOINT"}
VARIABLE = re.compile(
    r"\\\$|\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?P<sign>:[-+])?(?P<word>[^}]*)\})"
)
FLAG = re.compile(r"--(?P<name>[a-z]+)=(?P<value>\S+)\s+")


@dataclass(frozen=True)
class Instruction:
    """One instruction, with its continuation lines joined."""

    line: int
    name: str
    flags: Mapping[str, str]
    value: str

    def words(self) -> list[str]:
        """Return the words of the value, from its JSON form or split as in a shell."""
        exact = self.exact()
        if exact is not None:
            return exact
        try:
            return shlex.split(self.value)
        except ValueError as error:
            raise self.error(str(error)) from error

    def exact(self) -> list[str] | None:
        """Return the words of the JSON form, or None for another form."""
        if not self.value.startswith("["):
            return None
        try:
            return [str(word) for word in json.loads(self.value)]
        except ValueError as error:
            raise self.error(
                f'{self.value} is not a JSON list; use a form such as ["a", "b"]'
            ) from error

    def pairs(self) -> dict[str, str]:
        """Return the pairs of `NAME=VALUE ...`, or of the older `NAME VALUE`."""
        words = self.words()
        if words and "=" not in words[0]:
            name, _, value = self.value.partition(" ")
            return {name: value.strip()}
        if not all("=" in word for word in words):
            raise self.error(f"{self.value} must have the form NAME=VALUE ...")
        return dict(word.split("=", 1) for word in words)

    def error(self, reason: str) -> DockerfileError:
        """Return an error that contains the line and the instruction."""
        return DockerfileError(f"line {self.line}: {self.name}: {reason}")


def parse(text: str) -> list[Instruction]:
    """Return all instructions of a Dockerfile.

    Raises:
        DockerfileError: An instruction is not supported.
    """
    return [_instruction(line, joined) for line, joined in _joined_lines(text)]


def expand(value: str, variables: Mapping[str, str]) -> str:
    """Replace `$NAME`, `${NAME}`, `${NAME:-WORD}` and `${NAME:+WORD}`."""

    def replaced(found: re.Match[str]) -> str:
        name = found["plain"] or found["name"]
        if name is None:
            return "$"
        known = variables.get(name, "")
        if found["sign"] == ":-":
            return known or found["word"]
        if found["sign"] == ":+":
            return found["word"] if known else ""
        return known

    return VARIABLE.sub(replaced, value)


def _joined_lines(text: str) -> Iterator[tuple[int, str]]:
    start, parts = 0, list[str]()
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if line.startswith("#") or not line:
            continue
        start = start if parts else number
        parts.append(line.removesuffix("\\").rstrip())
        if not line.endswith("\\"):
            yield start, " ".join(parts)
            parts = []
    if parts:
        yield start, " ".join(parts)


def _instruction(line: int, joined: str) -> Instruction:
    name, _, rest = joined.partition(" ")
    name, rest = name.upper(), rest.strip()
    flags = {}
    while found := FLAG.match(rest):
        flags[found["name"]] = found["value"]
        rest = rest[found.end() :]
    instruction = Instruction(line, name, flags, rest)
    if name == "RUN":
        raise instruction.error(
            "commands are not run; prepare the files before the build and use COPY"
        )
    if name not in KNOWN:
        raise instruction.error("the instruction is not supported")
    return instruction
