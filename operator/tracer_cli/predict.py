"""The verb `predict`: what a bundle decides about inputs, one JSON line each."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tracer_cli.optional_dependencies import import_optional
from tracer_core.errors import InputError

__all__ = ["add_predict"]

_DESCRIPTION = """\
Decide inputs as the data plane would, one JSON line for each input line: the label,
whether the certified policy answers it (else it goes to the teacher), the probability
that the teacher agrees, the cell, and the stage of the cascade that decided.

An input line is a text, or a JSON object {"input": TEXT}, "vector" beside it where the
bundle wants one. Only a newline ends a line. At the first line that cannot be read it
stops with exit code 2 and names it; the decisions before it are printed whole.
"""


def add_predict(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add `predict` to the root parser."""
    predict = verbs.add_parser(
        "predict",
        help="decide inputs with a bundle",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    predict.add_argument("bundle", type=Path, help="folder that fit wrote")
    predict.add_argument(
        "inputs",
        type=Path,
        nargs="?",
        help="one input a line, also .gz or .zst; default: standard input",
    )
    predict.add_argument(
        "--vectors", type=Path, metavar="FILE.npy", help="row i belongs to line i"
    )
    predict.add_argument(
        "--redacted",
        action="store_true",
        help="the inputs went through the bundle's redactor already",
    )
    predict.set_defaults(run=_predict, late="inputs")


def _predict(arguments: argparse.Namespace) -> int:
    predicting = import_optional("tracer_bentos.offline_commands.predict", "train")
    decider = predicting.BatchPredictor.open(
        arguments.bundle, redacted=arguments.redacted
    )
    named = arguments.vectors
    vectors = predicting.open_vectors(named) if named else None
    path = arguments.inputs
    stream = predicting.open_inputs(path) if path else sys.stdin.buffer
    inputs = predicting.read_inputs(stream, str(path) if path else "standard input")
    with stream:
        _print_all(decider.decide_all(inputs, vectors), at_once=path is None)
    return 0


def _print_all(decisions: Iterable[Any], *, at_once: bool) -> None:
    printed = 0
    try:
        for decision in decisions:
            # Escaped: no reader shall take a label's own separator for a line's end.
            print(json.dumps(dataclasses.asdict(decision)), flush=at_once)
            printed += 1
    except InputError as error:
        sys.stdout.flush()
        raise InputError(f"{error}; {printed} decisions are printed") from None
