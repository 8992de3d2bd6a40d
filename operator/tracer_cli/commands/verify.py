"""The command `verify`: recompute a certificate from its bundle and the traces."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from tracer_cli.exit_codes import ExitCode
from tracer_cli.optional_dependencies import import_optional
from tracer_cli.options import OutputFormat, OutputOption, VectorsOption
from tracer_cli.traces import print_line_faults

__all__ = ["verify"]


def verify(
    certificate: Annotated[
        Path,
        typer.Argument(
            help="certificate.json of a bundle, or result.json of an attempt in the"
            " store."
        ),
    ],
    bundle: Annotated[
        Path, typer.Argument(help="Folder that fit wrote, or an exported Bento.")
    ],
    traces: Annotated[
        str,
        typer.Argument(
            help="The traces of the training: a file, a folder, or s3://BUCKET/PREFIX."
        ),
    ],
    vectors: VectorsOption = None,
    output: OutputOption = OutputFormat.TEXT,
) -> int:
    """Recompute a certificate from its bundle and the traces.

    Exits with code 0 if the certificate is verified, with code 3 and the failed
    statements if it is not, and with code 2 if an input cannot be read. Nothing is
    fitted again.
    """
    verification = import_optional("tracer_bentos.verification.run", "train")
    with tempfile.TemporaryDirectory(prefix="tracer-verify-") as scratch:
        result = verification.verify_files(
            certificate, bundle, traces, Path(scratch), vectors
        )
    print_line_faults(result.faults)
    verdict = result.verdict
    print(_document(verdict) if output is OutputFormat.JSON else _text(verdict))
    return ExitCode.SUCCESS if verdict.holds else ExitCode.REFUSED


def _document(verdict: Any) -> str:
    return json.dumps({"holds": verdict.holds, **asdict(verdict)}, indent=1)


def _text(verdict: Any) -> str:
    lines = [
        f"{'ok  ' if statement.holds else 'FAIL'}  {statement.name:<13}"
        f" {statement.detail}"
        for statement in verdict.statements
    ]
    lines += [f"note  {note}" for note in verdict.notes]
    failed = [statement.name for statement in verdict.statements if not statement.holds]
    lines.append(
        f"no: {', '.join(failed)}"
        if failed
        else "yes: the certificate follows from these traces and this bundle"
    )
    return "\n".join(lines)
