"""Starts a program, waits for it and turns a bad end into an error of ours."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from devcluster.errors import CommandFailed

SHOWN_LINES = 25


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    text: str | None = None,
) -> str:
    """Run a program to its end and give back what it wrote to standard output.

    Raises:
        CommandFailed: with the end of what the program said.
    """
    words = [str(word) for word in command]
    ended = subprocess.run(
        words,
        env=env,
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        said = (ended.stderr or ended.stdout).splitlines()[-SHOWN_LINES:]
        shown = " ".join(words[:4])
        raise CommandFailed("\n".join([f"{shown} ... ended badly:", *said]))
    return ended.stdout
