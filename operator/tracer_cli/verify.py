"""The verb `verify`: does a certificate follow from its bundle and the traces?"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tracer_cli.optional_dependencies import import_optional

__all__ = ["add_verify"]

_REFUSED = 3


def add_verify(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add `verify` to the root parser."""
    verb = verbs.add_parser(
        "verify",
        help="work a certificate out again from its bundle and the traces",
        description=(
            "Exits with 0 for yes, 3 for no with the statements that fail, 2 where"
            " something cannot be read. Nothing is fitted anew."
        ),
    )
    verb.add_argument(
        "certificate",
        type=Path,
        help="certificate.json of a bundle, or result.json of an attempt in the store",
    )
    verb.add_argument(
        "bundle", type=Path, help="folder that fit wrote, or exported Bento"
    )
    verb.add_argument(
        "traces", help="what was learnt from: file, folder, or s3://BUCKET/PREFIX"
    )
    verb.add_argument(
        "--vectors",
        type=Path,
        metavar="FILE.npy",
        help="the embeddings that fit was given",
    )
    verb.add_argument("-o", "--output", choices=["text", "json"], default="text")
    verb.set_defaults(run=_verify)


def _verify(arguments: argparse.Namespace) -> int:
    run = import_optional("tracer_bentos.verification.run", "train")
    with tempfile.TemporaryDirectory(prefix="tracer-verify-") as scratch:
        found = run.verify_files(
            arguments.certificate,
            arguments.bundle,
            arguments.traces,
            Path(scratch),
            arguments.vectors,
        )
    for fault in found.faults:
        print(f"unreadable, left out: {fault.text}", file=sys.stderr)
    verdict = found.verdict
    print(_document(verdict) if arguments.output == "json" else _text(verdict))
    return 0 if verdict.holds else _REFUSED


def _document(verdict: Any) -> str:
    return json.dumps({"holds": verdict.holds, **asdict(verdict)}, indent=1)


def _text(verdict: Any) -> str:
    failed = [each.name for each in verdict.statements if not each.holds]
    end = "yes: the certificate follows from these traces and this bundle"
    lines = [
        f"{'ok  ' if each.holds else 'FAIL'}  {each.name:<13} {each.detail}"
        for each in verdict.statements
    ]
    notes = [f"note  {each}" for each in verdict.notes]
    return "\n".join([*lines, *notes, f"no: {', '.join(failed)}" if failed else end])
