"""Entries of a COPY instruction: files of the context with their paths in the image."""

import fnmatch
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from devcluster.dockerfile import Instruction
from devcluster.layers import Entry, entries_below, entry_of

FLAGS = {"chown", "chmod"}


class Context:
    """The folder that COPY reads from, without the files of .dockerignore."""

    def __init__(self, folder: Path) -> None:
        """Read the .dockerignore of the folder, if there is one."""
        self.folder = folder.resolve()
        ignore = self.folder / ".dockerignore"
        lines = ignore.read_text().splitlines() if ignore.exists() else []
        stripped = [line.strip() for line in lines]
        self._patterns = [line for line in stripped if line and line[0] != "#"]

    def holds(self, path: Path) -> bool:
        """Return whether a path of the folder is part of the context."""
        inside = path.relative_to(self.folder)
        names = [str(path) for path in [inside, *inside.parents][:-1]] or [str(inside)]
        kept = True
        for pattern in self._patterns:
            bare = pattern.removeprefix("!").strip("/")
            if any(_matches(name, bare) for name in names):
                kept = pattern.startswith("!")
        return kept

    def find(self, instruction: Instruction, pattern: str) -> list[Path]:
        """Return the paths of a COPY source.

        Raises:
            DockerfileError: The source is not in the context.
        """
        bare = pattern.strip("/")
        wild = any(sign in bare for sign in "*?[")
        found = sorted(self.folder.glob(bare)) if wild else [self.folder / bare]
        outside = [path for path in found if not self._inside(path)]
        if outside or ".." in Path(bare).parts:
            raise instruction.error(f"{pattern} is outside the context")
        if not found or not found[0].exists():
            raise instruction.error(f"{pattern} is not in the context")
        return found

    def _inside(self, path: Path) -> bool:
        return path == self.folder or self.folder in path.parents


def copied(context: Context, instruction: Instruction, workdir: str) -> list[Entry]:
    """Return the entries of one COPY instruction."""
    unknown = set(instruction.flags) - FLAGS
    if unknown:
        raise instruction.error(f"--{min(unknown)} is not supported")
    words = instruction.words()
    if len(words) < 2:  # noqa: PLR2004 - a source and a target
        raise instruction.error("must have a source and a target")
    *sources, target = words
    found = [path for name in sources for path in context.find(instruction, name)]
    into_folder = target.endswith("/") or len(found) > 1 or target in {".", ".."}
    where = str(PurePosixPath("/", workdir, target)).strip("/")
    entries = [
        entry for source in found for entry in _one(context, source, where, into_folder)
    ]
    return [_owned(entry, instruction) for entry in entries]


def _one(
    context: Context, source: Path, where: str, into_folder: bool
) -> Iterator[Entry]:
    if source.is_dir():
        # As in Docker, the contents of a folder are copied, not the folder.
        if where:
            yield Entry(where)
        for entry in entries_below(source, where):
            inside = PurePosixPath(entry.path).relative_to(where or ".")
            if context.holds(source / inside):
                yield entry
        return
    path = f"{where}/{source.name}" if into_folder else where
    yield entry_of(source, path)


def _owned(entry: Entry, instruction: Instruction) -> Entry:
    owner = instruction.flags.get("chown", "0").partition(":")[0]
    if not owner.isdigit():
        raise instruction.error(
            "--chown must be a number, because the image has no user names"
        )
    mode = instruction.flags.get("chmod")
    changed = replace(entry, owner=int(owner))
    if mode and entry.link is None:
        changed = replace(changed, mode=int(mode, 8))
    return changed


def _matches(name: str, pattern: str) -> bool:
    return re.fullmatch(_regular(pattern), name) is not None


def _regular(pattern: str) -> str:
    """Translate a .dockerignore pattern: `**` crosses folders, `*` does not."""
    parts: Sequence[str] = re.split(r"(\*\*/|\*\*|\*|\?|\[[^]]*\])", pattern)
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        meaning.get(
            part, fnmatch.translate(part)[4:-3] if part[:1] == "[" else re.escape(part)
        )
        for part in parts
    )
