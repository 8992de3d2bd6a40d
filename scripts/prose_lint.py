"""Check the language of documentation, docstrings, comments, and messages.

The engine and the general checks are proselint's; the project's vocabulary is
`docs/contributing/vocabulary.toml`. Run by `make lint`; `python -m scripts.prose_lint
FILE...` checks single files.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proselint.checks import __register__ as general_checks
from proselint.registry.checks import Check, Padding
from proselint.registry.checks.types import PreferredForms
from typing_extensions import override

__all__ = ["Finding", "check_text", "main", "prose_of", "tracked_files"]

ROOT: Final = Path(__file__).resolve().parent.parent
VOCABULARY: Final = ROOT / "docs/contributing/vocabulary.toml"
ENABLED: Final = (
    "archaism",
    "cliches",
    "malapropisms",
    "mixed_metaphors",
    "mondegreens",
    "nonwords",
    "oxymorons",
)
"""The general checks that suit technical prose."""
FOLDERS: Final = (
    "operator/",
    "bentos/",
    "devcluster/",
    "examples/",
    "benchmarks/",
    "scripts/",
    "charts/",
    "docs/",
)
"""Where people read; pages at the top of the repository are checked too."""
GENERATED: Final = ("crds/", "charts/tracer-router/crds/", "benchmarks/results/")
_FENCE: Final = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_OFF: Final = re.compile(r"<!-- prose: off -->.*?<!-- prose: on -->", re.DOTALL)
_INDENTED: Final = re.compile(r"^ {4,}\S.*$", re.MULTILINE)
_CODE: Final = re.compile(r"``.+?``|`[^`\n]+`", re.DOTALL)
_LINK: Final = re.compile(r"\]\([^)\n]*\)|https?://\S+")
_EXPRESSION: Final = re.compile(r"\{[^{}\n]*\}")
_DIRECTIVE: Final = re.compile(r"^#\s*(noqa|type:|ruff:).*")
_SENTENCE: Final = re.compile(r"[A-Za-z]+ [A-Za-z]+")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One word or phrase to replace."""

    path: str
    """Path relative to the repository."""
    line: int
    """Line number, from 1."""
    found: str
    """The text that was found."""
    message: str
    """What to write instead, or which general check found it."""

    @override
    def __str__(self) -> str:
        """Return the finding in the form that editors understand."""
        return f"{self.path}:{self.line}: {self.found!r}: {self.message}"


def tracked_files() -> list[str]:
    """Return the paths of all files whose prose is checked, sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git from PATH
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    return sorted(
        path
        for path in listed
        if path.endswith((".py", ".md", ".yaml", ".txt"))
        and (path.startswith(FOLDERS) or "/" not in path)
        and not path.startswith(GENERATED)
        and (ROOT / path).is_file()
    )


def prose_of(path: str, text: str) -> str:
    """Return a text of the same lines in which everything but prose is blank.

    Args:
        path: Path of the file; its ending decides what is prose.
        text: Content of the file.
    """
    if path.endswith(".py"):
        prose = _of_python(text)
    elif path.endswith(".yaml"):
        prose = "\n".join(_comment_of(line) for line in text.split("\n"))
    else:
        prose = _blank(_INDENTED, _blank(_FENCE, _blank(_OFF, text)))
    return _blank(_LINK, _blank(_CODE, prose))


def check_text(path: str, text: str) -> Iterator[Finding]:
    """Yield the findings of one file.

    Args:
        path: Path of the file, for the findings.
        text: Content of the file.
    """
    prose = prose_of(path, text)
    for check in _checks():
        for result in check.check_with_flags(prose):
            start, end = result.span
            found = " ".join(prose[start:end].split())
            if found:
                at = start + len(prose[start:end]) - len(prose[start:end].lstrip())
                line = prose.count("\n", 0, at) + 1
                yield Finding(path, line, found, result.message)
    if path.endswith(".py"):
        yield from _first_words(path, text)


def main(arguments: Sequence[str]) -> int:
    """Print all findings; return 1 if there is one."""
    paths = list(arguments) or tracked_files()
    findings = sorted(
        finding
        for path in paths
        for finding in check_text(path, (ROOT / path).read_text())
    )
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    return 1 if findings else 0


def _vocabulary() -> dict[str, dict[str, str]]:
    return tomllib.loads(VOCABULARY.read_text())


def _checks() -> Iterable[Check]:
    own = (
        Check(
            PreferredForms(words, Padding.WORDS_IN_TEXT),
            path=f"vocabulary.{name}",
            message="use: {0}",
        )
        for name, words in _vocabulary().items()
        if name != "docstring-first-word"
    )
    general = (check for check in general_checks if check.path.split(".")[0] in ENABLED)
    return [*own, *general]


def _blank(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def _comment_of(line: str) -> str:
    before, mark, comment = line.partition("#")
    return " " * len(before + mark) + comment if mark and not before.strip() else ""


def _of_python(text: str) -> str:
    blank = [" " * len(line) for line in text.split("\n")]
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            kept = _DIRECTIVE.sub("", token.string)
        elif token.type == tokenize.STRING and _SENTENCE.search(token.string):
            formatted = "f" in re.split(r"[\"']", token.string, maxsplit=1)[0].lower()
            kept = _blank(_EXPRESSION, token.string) if formatted else token.string
        else:
            continue
        _write(blank, token.start, kept)
    return "\n".join(blank)


def _write(lines: list[str], start: tuple[int, int], text: str) -> None:
    row, column = start
    for offset, part in enumerate(text.split("\n")):
        line, at = lines[row - 1 + offset], column if offset == 0 else 0
        lines[row - 1 + offset] = line[:at] + part + line[at + len(part) :]


def _first_words(path: str, text: str) -> Iterator[Finding]:
    words = _vocabulary()["docstring-first-word"]
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, definitions):
            continue
        docstring = ast.get_docstring(node) or ""
        for pattern, replacement in words.items():
            if match := re.match(rf"{pattern}\b", docstring):
                line = node.body[0].lineno
                yield Finding(path, line, match[0], f"use: {replacement}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
