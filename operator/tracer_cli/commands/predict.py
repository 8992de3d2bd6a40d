"""The command `predict`: the decisions of a bundle, as one JSON line per input."""

import dataclasses
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from tracer_cli.exit_codes import ExitCode
from tracer_cli.optional_dependencies import import_optional
from tracer_core.errors import InputError

__all__ = ["predict"]


def predict(
    bundle: Annotated[Path, typer.Argument(help="Folder that fit wrote.")],
    inputs: Annotated[
        Path | None,
        typer.Argument(
            help="File with one input per line, also .gz or .zst. Default: standard"
            " input."
        ),
    ] = None,
    *,
    vectors: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.npy",
            help="Embeddings of the inputs: row i belongs to line i.",
        ),
    ] = None,
    redacted: Annotated[
        bool,
        typer.Option(
            "--redacted", help="The inputs are already redacted; do not redact them."
        ),
    ] = False,
) -> int:
    """Decide inputs with a bundle.

    Decides as the data plane does and prints one JSON line per input line: the label,
    whether the certified policy answers the input (otherwise the teacher answers it),
    the probability that the teacher agrees, the cell, and the stage of the cascade
    that decided.

    An input line is a text, or a JSON object {"input": TEXT} with a "vector" if the
    bundle requires one. Only a newline ends a line. The command stops at the first
    line that cannot be read, names it, and exits with code 2; the decisions before it
    are complete.
    """
    commands = import_optional("tracer_bentos.offline_commands.predict", "train")
    predictor = commands.BatchPredictor.open(bundle, redacted=redacted)
    rows = commands.open_vectors(vectors) if vectors else None
    stream = commands.open_inputs(inputs) if inputs else sys.stdin.buffer
    source = str(inputs) if inputs else "standard input"
    with stream:
        lines = commands.read_inputs(stream, source)
        _print_all(predictor.decide_all(lines, rows), flush=inputs is None)
    return ExitCode.SUCCESS


def _print_all(decisions: Iterable[Any], *, flush: bool) -> None:
    printed = 0
    try:
        for decision in decisions:
            # JSON escapes non-ASCII characters here, so that no reader takes a
            # separator in a label for the end of a line.
            print(json.dumps(dataclasses.asdict(decision)), flush=flush)
            printed += 1
    except InputError as error:
        sys.stdout.flush()
        raise InputError(f"{error}; {printed} decisions were printed") from None
