"""Runs a program, and raises an error if it fails."""

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
    """Run a program, and return its standard output.

    Raises:
        CommandFailed: The program failed; the message contains the end of its output.
    """
    arguments = [str(argument) for argument in command]
    ended = subprocess.run(
        arguments,
        env=env,
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        output = (ended.stderr or ended.stdout).splitlines()[-SHOWN_LINES:]
        shown = " ".join(arguments[:4])
        failure = f"{shown} ... failed with exit code {ended.returncode}:"
        raise CommandFailed("\n".join([failure, *output]))
    return ended.stdout
