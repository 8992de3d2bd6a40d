"""The verb `fit`: an attempt at a certificate, with the training Job's code."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tracer_cli.optional_dependencies import import_optional
from tracer_router.api import Percent

__all__ = ["add_fit", "add_traces", "gather", "percent", "print_line_faults"]

_REFUSED = 3
_NAMED = 20
_DESCRIPTION = """\
Train on the older traces and certify on the newest, once. Writes a bundle and says
what is certified, or says why nothing is and exits with 3. Lines that cannot be read
are left out and named. The same terms on the same traces are the same attempt; other
terms are a new one at the level that is left, and traces that an earlier attempt has
looked at train and never certify again.
"""


def add_fit(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add `fit` to the root parser."""
    fit = verbs.add_parser(
        "fit",
        help="train and certify on traces",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_traces(fit)
    fit.add_argument("--target", type=percent, required=True, help="such as 95%%")
    fit.add_argument("--confidence", type=percent, default=Percent("95%"))
    fit.add_argument("--minimum", type=int, default=100, help="labelled rows needed")
    fit.add_argument(
        "--strict",
        action="store_true",
        help="leave every cell to the teacher that misses the target in training",
    )
    fit.add_argument("--out", type=Path, required=True, help="folder for the bundle")
    fit.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="compute on the workers of this scheduler, as tcp://HOST:PORT",
    )
    fit.set_defaults(run=_fit)


def add_traces(verb: argparse.ArgumentParser) -> None:
    """Add what every verb that learns from traces can be told."""
    verb.add_argument(
        "traces", help="JSONL, .gz, .zst, a folder of them, or s3://BUCKET/PREFIX"
    )
    verb.add_argument(
        "--vectors",
        type=Path,
        metavar="FILE.npy",
        help="embeddings of the inputs: row i belongs to line i of the traces",
    )
    verb.add_argument(
        "--embedder",
        type=Path,
        metavar="FOLDER",
        help="a sentence encoder: one .onnx file and its tokenizer.json",
    )
    verb.add_argument(
        "--embedder-url",
        metavar="URL",
        help="an OpenAI-compatible embeddings endpoint, with its /v1; its key is in the"
        " file that TRACER_EMBEDDINGS_KEY_FILE names",
    )
    verb.add_argument("--embedder-model", metavar="NAME", help="its embedding model")
    verb.add_argument("--seed", type=int, default=1)
    verb.add_argument("-o", "--output", choices=["text", "json"], default="text")


def percent(text: str) -> Percent:
    """Read a percentage of the command line."""
    try:
        return Percent(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def gather(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Give the traces and the encoders that were named; their modules need an extra.

    Raises:
        InputError: They cannot be used; says which file and line.
    """
    named = import_optional("tracer_bentos.training.fit.named_encoders", "train")
    rows = import_optional("tracer_bentos.training.run.load_rows", "train")
    encoders = named.parse_encoder_names(
        arguments.embedder, arguments.embedder_url, arguments.embedder_model
    )
    return rows.load_rows(arguments.traces, arguments.vectors), encoders


def print_line_faults(faults: Sequence[Any]) -> None:
    """Name the lines that were left out, on standard error."""
    for fault in faults[:_NAMED]:
        print(f"unreadable, left out: {fault.text}", file=sys.stderr)
    if len(faults) > _NAMED:
        more = len(faults) - _NAMED
        print(f"unreadable, left out: {more} more lines", file=sys.stderr)


def _fit(arguments: argparse.Namespace) -> int:
    offline = import_optional("tracer_bentos.training.run.offline", "train")
    offline.expect_empty(arguments.out)
    engine = _engine(arguments.dask)
    gathered, named = gather(arguments)
    terms = offline.FitTerms(
        target=arguments.target.fraction,
        confidence=arguments.confidence.fraction,
        minimum=arguments.minimum,
        seed=arguments.seed,
        strict=arguments.strict,
        encoders=named.identities,
    )
    done = offline.fit_traces(gathered, terms, arguments.out, named.encoders, engine)
    if arguments.output == "json":
        print(json.dumps(_document(done, gathered, arguments.out)))
    else:
        print_line_faults(gathered.faults)
        _print_summary(done, arguments.out)
    return 0 if done.digest else _REFUSED


def _engine(address: str | None) -> Any:
    if address is None:
        return None
    return import_optional(
        "tracer_bentos.training.engine.dask_engine", "dask"
    ).DaskEngine.connect(address)


def _print_summary(done: Any, out: Path) -> None:
    held = done.learned.certificate
    if held is None:
        print(f"refused: {done.learned.reason}")
        return
    print(f"certified: k = {held.k} of n = {held.n}, coverage {held.coverage:.1%}")
    print(held.sentence)
    for cell in done.cells[:_NAMED]:
        about = f" ({', '.join(cell.terms)})" if cell.terms else ""
        print(f"    {cell.name}: {cell.agreed} of {cell.rows}{about}")
    if len(done.cells) > _NAMED:
        print(f"    and {len(done.cells) - _NAMED} smaller cells")
    print(f"bundle: {out}")


def _document(done: Any, gathered: Any, out: Path) -> dict[str, Any]:
    held = done.learned.certificate
    return {
        "outcome": "certified" if held else "refused",
        "reason": done.learned.reason,
        "attempt": done.attempt,
        "level": done.level,
        "certificate": json.loads(held.to_json()) if held else None,
        "cells": [cell._asdict() for cell in done.cells],
        "bundle": str(out) if held else None,
        "digest": done.digest,
        "rows": gathered.rows.labelled,
        "faults": [dataclasses.asdict(fault) for fault in gathered.faults],
    }
