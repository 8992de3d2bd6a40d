"""Nothing in the tree names the machine it was written on or where packages lie.

Where packages come from is the machine's setting: one behind a mirror must work too.
"""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Written in parts, so that this file does not find itself.
HOSTS = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "proxy.golang" + ".org",
    "sum.golang" + ".org",
    "registry.npmjs" + ".org",
    "deb.debian" + ".org",
    "crates" + ".io",
]
PATHS = ["/wo" + "rk/", "/ro" + "ot/", "/home/" + "user"]


def tracked_files() -> list[Path]:
    """Give every file that is or would be committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    paths = (ROOT / name for name in listed.decode().split("\0") if name)
    return sorted(path for path in paths if path.is_file() and not path.is_symlink())


def mentions(word: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked_files()
        for number, line in enumerate(path.read_bytes().splitlines(), start=1)
        if word.encode() in line
    ]


@pytest.mark.parametrize("word", [*HOSTS, *PATHS])
def test_a_word_of_this_machine_is_nowhere(word: str) -> None:
    assert mentions(word) == []
