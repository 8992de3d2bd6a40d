"""The command `fit`: an attempt at a certificate, with the code of the training Job."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tracer_cli.exit_codes import ExitCode
from tracer_cli.optional_dependencies import import_optional
from tracer_cli.options import (
    EmbedderFolder,
    EmbedderModel,
    EmbedderUrl,
    OutputFormat,
    OutputOption,
    Seed,
    TraceOptions,
    TracesArgument,
    VectorsOption,
    parse_percent,
)
from tracer_cli.traces import load_traces, print_line_faults

__all__ = ["fit"]

_MAX_PRINTED_CELLS = 20
_DEFAULT_CONFIDENCE = 0.95


def fit(
    traces: TracesArgument,
    *,
    target: Annotated[
        float,
        typer.Option(
            parser=parse_percent,
            metavar="PERCENT",
            help="Agreement with the teacher to certify, for example 95%.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Folder that the bundle is written to."),
    ],
    confidence: Annotated[
        float | None,
        typer.Option(
            parser=parse_percent,
            metavar="PERCENT",
            help="Confidence of all attempts together. Default: 95%.",
        ),
    ] = None,
    minimum: Annotated[
        int, typer.Option(metavar="N", help="Number of labelled rows required.")
    ] = 100,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Leave every cell that misses the target in training to the teacher.",
        ),
    ] = False,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Compute on the workers of this scheduler, as tcp://HOST:PORT.",
        ),
    ] = None,
    vectors: VectorsOption = None,
    embedder: EmbedderFolder = None,
    embedder_url: EmbedderUrl = None,
    embedder_model: EmbedderModel = None,
    seed: Seed = 1,
    output: OutputOption = OutputFormat.TEXT,
) -> int:
    """Train and certify on traces.

    Trains on the older traces and tests the certificate once on the newest. Writes a
    bundle and prints the certificate, or prints the reason for the refusal and exits
    with code 3. Lines that cannot be read are skipped and named.

    The same settings on the same traces are the same attempt. Other settings are a new
    attempt at the remaining error level. Traces that an earlier attempt examined are
    used for training only and never certify again.
    """
    offline = import_optional("tracer_bentos.training.run.offline", "train")
    offline.expect_empty(out)
    engine = _engine(dask)
    loaded, encoders = load_traces(
        TraceOptions(traces, vectors, embedder, embedder_url, embedder_model)
    )
    terms = offline.FitTerms(
        target=target,
        confidence=_DEFAULT_CONFIDENCE if confidence is None else confidence,
        minimum=minimum,
        seed=seed,
        strict=strict,
        encoders=encoders.identities,
    )
    result = offline.fit_traces(loaded, terms, out, encoders.encoders, engine)
    if output is OutputFormat.JSON:
        print(json.dumps(_document(result, loaded, out)))
    else:
        print_line_faults(loaded.faults)
        _print_summary(result, out)
    return ExitCode.SUCCESS if result.digest else ExitCode.REFUSED


def _engine(address: str | None) -> Any:
    if address is None:
        return None
    return import_optional(
        "tracer_bentos.training.engine.dask_engine", "dask"
    ).DaskEngine.connect(address)


def _print_summary(result: Any, out: Path) -> None:
    certificate = result.result.certificate
    if certificate is None:
        print(f"refused: {result.result.reason}")
        return
    print(
        f"certified: k = {certificate.k} of n = {certificate.n}, coverage"
        f" {certificate.coverage:.1%}"
    )
    print(certificate.sentence)
    for cell in result.cells[:_MAX_PRINTED_CELLS]:
        terms = f" ({', '.join(cell.terms)})" if cell.terms else ""
        print(f"    {cell.name}: {cell.agreed} of {cell.rows}{terms}")
    if len(result.cells) > _MAX_PRINTED_CELLS:
        print(f"    and {len(result.cells) - _MAX_PRINTED_CELLS} smaller cells")
    print(f"bundle: {out}")


def _document(result: Any, loaded: Any, out: Path) -> dict[str, Any]:
    certificate = result.result.certificate
    return {
        "outcome": "certified" if certificate else "refused",
        "reason": result.result.reason,
        "attempt": result.attempt,
        "level": result.level,
        "certificate": json.loads(certificate.to_json()) if certificate else None,
        "cells": [cell._asdict() for cell in result.cells],
        "bundle": str(out) if certificate else None,
        "digest": result.digest,
        "rows": loaded.rows.labelled,
        "faults": [dataclasses.asdict(fault) for fault in loaded.faults],
    }
