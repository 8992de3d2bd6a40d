"""The command `scan`: an estimate that a later certificate does not pay for."""

import dataclasses
import json
from collections.abc import Sequence
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
)
from tracer_cli.output import Table, print_table
from tracer_cli.traces import load_traces, print_line_faults

__all__ = ["scan"]

_TARGET_COLUMNS = ("target", "answered", "chance", "rows missing", "time")
_CELL_COLUMNS = ("cell", "share", "agrees", "answered", "cost", "terms")


def scan(
    traces: TracesArgument,
    *,
    cells: Annotated[
        int, typer.Option(metavar="N", help="Number of cells in the text output.")
    ] = 20,
    vectors: VectorsOption = None,
    embedder: EmbedderFolder = None,
    embedder_url: EmbedderUrl = None,
    embedder_model: EmbedderModel = None,
    seed: Seed = 1,
    output: OutputOption = OutputFormat.TEXT,
) -> int:
    """Estimate what could be certified on traces.

    Shows the share that could be certified at several targets, and the cells with
    their terms and examples. Installs and sends nothing. Examples are redacted.

    Every figure is an estimate, not a claim. It is computed from the older rows, each
    judged by a fit that did not use it. The newest rows are reserved for the single
    test of a certificate and are not examined, so a target that is chosen after a scan
    does not weaken that test.
    """
    commands = import_optional("tracer_bentos.offline_commands.scan", "train")
    loaded, encoders = load_traces(
        TraceOptions(traces, vectors, embedder, embedder_url, embedder_model)
    )
    report = commands.scan_traces(loaded, seed, encoders.encoders)
    if output is OutputFormat.JSON:
        faults = [dataclasses.asdict(fault) for fault in loaded.faults]
        print(json.dumps({**dataclasses.asdict(report), "faults": faults}))
    else:
        print_line_faults(loaded.faults)
        _print_report(report, cells)
    return ExitCode.REFUSED if report.reason else ExitCode.SUCCESS


def _print_report(report: Any, max_cells: int) -> None:
    print(
        f"{report.rows:,} labelled rows of task {report.task}, {report.labels}"
        f" different answers; {report.looked_at:,} examined, {report.vault:,} reserved"
        " for a certificate"
    )
    if report.elsewhere:
        print(f"{report.elsewhere:,} rows of other tasks were skipped")
    if report.conflicts:
        print(f"{report.conflicts:,} texts have more than one answer")
    if report.reason:
        print(f"refused: {report.reason}")
        return
    print()
    print_table(_target_table(report.targets))
    print()
    print_table(_cell_table(report.cells[:max_cells]))
    if len(report.cells) > max_cells:
        print(f"and {len(report.cells) - max_cells} smaller cells")
    for cell in report.cells[:max_cells]:
        print("\n".join(["", cell.name, *_examples(cell)]))


def _target_table(targets: Sequence[Any]) -> Table:
    rows = tuple(
        (
            f"{target.target:.0%}",
            f"{target.share:.1%}",
            f"{target.chance:.0%}",
            "more do not help" if target.missing is None else f"{target.missing:,}",
            "-"
            if not target.missing or target.days is None
            else f"about {target.days:g} days",
        )
        for target in targets
    )
    return Table(
        _TARGET_COLUMNS,
        rows,
        right_aligned=frozenset(_TARGET_COLUMNS[1:-1]),
        title="Estimates of what a fit would certify",
    )


def _cell_table(cells: Sequence[Any]) -> Table:
    rows = tuple(
        (
            cell.name,
            f"{cell.share:.1%}",
            f"{cell.agreement:.1%}",
            f"{cell.answered:.0%}",
            _cost(cell),
            ", ".join(cell.terms),
        )
        for cell in cells
    )
    return Table(
        _CELL_COLUMNS,
        rows,
        right_aligned=frozenset(_CELL_COLUMNS[1:-1]),
        title="Cells, estimated at the target 95%",
    )


def _examples(cell: Any) -> list[str]:
    lines = [f"    {example.input}" for example in cell.examples]
    for example in cell.disagreements:
        lines += [
            f"    {example.input}",
            f"      answer of the teacher: {example.teacher}",
        ]
    return lines


def _cost(cell: Any) -> str:
    if cell.cost is not None:
        return f"{cell.cost:.4g}"
    return "-" if cell.tokens is None else f"{cell.tokens:,} tokens"
